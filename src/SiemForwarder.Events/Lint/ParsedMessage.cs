namespace SiemForwarder.Events.Lint;

/// <summary>The fields read from a message, and the problems found; readers add to it and continue as far as they can.</summary>
public sealed class ParsedMessage
{
    private readonly List<ParsedField> fields = [];
    private readonly List<Finding> findings = [];

    public IReadOnlyList<ParsedField> Fields => fields;

    public IReadOnlyList<Finding> Findings => findings;

    /// <summary>Value of the first field with that name; null if there is none.</summary>
    public string? this[string name] => Find(name)?.Value;

    public ParsedField? Find(string name) => fields.Find(field => field.Name == name);

    internal void AddField(string name, string value, string type = ParsedField.Text) => fields.Add(new ParsedField(name, value, type));

    internal void Error(string rule, string message) => findings.Add(new Finding(FindingLevel.Error, rule, message));

    internal void Warn(string rule, string message) => findings.Add(new Finding(FindingLevel.Warning, rule, message));

    internal void Note(string rule, string message) => findings.Add(new Finding(FindingLevel.Note, rule, message));

    internal void Add(Finding finding) => findings.Add(finding);

    /// <summary>Adds the findings of another reading, and its fields below a name.</summary>
    internal void Include(ParsedMessage other, string below)
    {
        fields.AddRange(other.fields.Select(field => field with { Name = $"{below}.{field.Name}" }));
        findings.AddRange(other.findings);
    }

    /// <summary>A text for use in a sentence: one line, at most 40 characters.</summary>
    internal static string Shown(string text)
    {
        var line = string.Concat(text.Select(character => char.IsControl(character) ? ' ' : character));
        return line.Length > 40 ? line[..40] + "…" : line;
    }
}

/// <summary>A field as a receiver reads it from a message.</summary>
/// <param name="Name">Name, with dots between the levels of JSON; a list of plain values yields a field for each.</param>
/// <param name="Value">Value, without escapes.</param>
/// <param name="Type"><c>string</c>, or in JSON also <c>number</c>, <c>boolean</c>, <c>null</c>.</param>
public sealed record ParsedField(string Name, string Value, string Type = ParsedField.Text)
{
    public const string Text = "string";
    public const string Number = "number";
}

/// <summary>The severity of a finding.</summary>
public enum FindingLevel
{
    /// <summary>A strict receiver rejects or misreads the message.</summary>
    Error,

    /// <summary>Some receivers cut it, or show less than was sent.</summary>
    Warning,

    /// <summary>Worth knowing.</summary>
    Note,
}

/// <summary>Something that may cause problems at a receiver.</summary>
/// <param name="Level">Its severity.</param>
/// <param name="Rule">Stable name of the rule: <c>rfc5424.pri</c>.</param>
/// <param name="Message">The problem, in a readable sentence.</param>
public sealed record Finding(FindingLevel Level, string Rule, string Message);
