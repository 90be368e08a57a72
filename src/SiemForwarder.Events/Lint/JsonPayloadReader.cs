using System.Text;

namespace SiemForwarder.Events.Lint;

/// <summary>Reads one JSON object (RFC 8259) on one line, and checks what its schema cannot be without.</summary>
internal static class JsonPayloadReader
{
    public static void Read(string text, string schema, ParsedMessage reading)
    {
        if (!text.StartsWith('{'))
        {
            reading.Error("json.object", "The payload does not begin with the brace of a JSON object.");
            return;
        }

        var before = reading.Fields.Count;
        if (JsonFields.Read(Encoding.UTF8.GetBytes(text), reading, isSequence: false))
        {
            SchemaRules.Check(schema, [.. reading.Fields.Skip(before)], reading);
        }
    }
}
