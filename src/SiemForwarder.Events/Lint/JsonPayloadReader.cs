using System.Text;

namespace SiemForwarder.Events.Lint;

/// <summary>Parses one JSON object (RFC 8259) on one line, and checks for the members that its schema requires.</summary>
internal static class JsonPayloadReader
{
    public static void Read(string text, string schema, ParsedMessage reading)
    {
        if (!text.StartsWith('{'))
        {
            reading.Error("json.object", "The payload does not start with the opening brace of a JSON object.");
            return;
        }

        var before = reading.Fields.Count;
        if (JsonFields.Read(Encoding.UTF8.GetBytes(text), reading, isSequence: false))
        {
            SchemaRules.Check(schema, [.. reading.Fields.Skip(before)], reading);
        }
    }
}
