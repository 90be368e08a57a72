namespace SiemForwarder.Events.Lint;

/// <summary>A field as a receiver reads it out of a message.</summary>
/// <param name="Name">Name, with dots between the levels of JSON; a list of plain values gives a field for each.</param>
/// <param name="Value">Value without escapes.</param>
/// <param name="Type"><c>string</c>, or in JSON also <c>number</c>, <c>boolean</c>, <c>null</c>.</param>
public sealed record ParsedField(string Name, string Value, string Type = ParsedField.Text)
{
    public const string Text = "string";
    public const string Number = "number";
}
