using System.Globalization;

namespace SiemForwarder.Events.Lint;

/// <summary>One field that a schema requires.</summary>
/// <param name="Field">Name, with dots.</param>
/// <param name="Wanted">What its value must be, for use in a sentence.</param>
/// <param name="IsLegal">Whether a field's value is valid.</param>
internal sealed record SchemaRule(string Field, string Wanted, Func<ParsedField, bool> IsLegal)
{
    public static SchemaRule Required(string field) =>
        new(field, "a non-empty text", one => one.Value.Length > 0 && one.Type != "null");

    public static SchemaRule Whole(string field) => new(
        field, "a whole number", one => one.Type == ParsedField.Number && long.TryParse(one.Value, CultureInfo.InvariantCulture, out _));

    public static SchemaRule OneOf(string field, params string[] values) =>
        new(field, $"one of {string.Join(", ", values)}", one => values.Contains(one.Value));

    /// <summary>RFC 3339 in UTC.</summary>
    public static SchemaRule Time(string field) => new(
        field, "a time such as 2026-01-31T10:15:30.123Z",
        one => one.Value.EndsWith('Z') && one.Value.Contains('T', StringComparison.Ordinal)
            && DateTimeOffset.TryParse(one.Value, CultureInfo.InvariantCulture, out _));

    public void Check(string name, IReadOnlyList<ParsedField> fields, ParsedMessage reading)
    {
        var found = fields.Where(field => field.Name == Field).ToList();
        if (found.Count == 0)
        {
            reading.Error(name, $"{Field} is missing.");
        }

        foreach (var wrong in found.Where(field => !IsLegal(field)))
        {
            reading.Error(name, $"{Field} contains '{ParsedMessage.Shown(wrong.Value)}', which is not {Wanted}.");
        }
    }
}
