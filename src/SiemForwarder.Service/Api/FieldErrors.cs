namespace SiemForwarder.Service.Api;

/// <summary>What is wrong with a request, by field; all faults at once.</summary>
internal sealed class FieldErrors
{
    private readonly Dictionary<string, string[]> errors = [];

    public bool Any => errors.Count > 0;

    public IDictionary<string, string[]> ByField => errors;

    /// <summary>Notes a fault of a field in a sentence.</summary>
    public void Add(string field, string sentence) =>
        errors[field] = errors.TryGetValue(field, out var known) ? [.. known, sentence] : [sentence];

    /// <summary>Forgets what was noted of a field.</summary>
    public void TakeBack(string field) => errors.Remove(field);

    /// <summary>Takes over the faults of a part of the request, below the field that holds it.</summary>
    public void Include(string field, FieldErrors part)
    {
        foreach (var (name, sentences) in part.errors)
        {
            errors[$"{field}.{name}"] = sentences;
        }
    }

    /// <summary>The value of a choice, read case-insensitively; notes a fault that lists the choices.</summary>
    public T Choose<T>(string field, string? text, T fallback, IReadOnlyDictionary<string, T> choices)
    {
        if (text is null)
        {
            return fallback;
        }

        foreach (var (name, value) in choices)
        {
            if (string.Equals(name, text, StringComparison.OrdinalIgnoreCase))
            {
                return value;
            }
        }

        Add(field, $"'{Shown(text)}' is not known here; use one of: {string.Join(", ", choices.Keys)}.");
        return fallback;
    }

    /// <summary>The name of a choice as the API writes it; otherwise as <see cref="Choose"/>.</summary>
    public string ChooseName<T>(string field, string? text, T fallback, IReadOnlyDictionary<string, T> choices)
    {
        var chosen = Choose(field, text, fallback, choices);
        return choices.First(choice => EqualityComparer<T>.Default.Equals(choice.Value, chosen)).Key;
    }

    /// <summary>The number, or the fallback where it is absent; notes a fault where it is out of range.</summary>
    public int Between(string field, int? number, int lowest, int highest, int fallback)
    {
        if (number is { } given && (given < lowest || given > highest))
        {
            Add(field, $"Must be from {lowest} to {highest}, not {given}.");
            return fallback;
        }

        return number ?? fallback;
    }

    /// <summary>Whether the text has at most so many characters; notes a fault where not.</summary>
    public void AtMost(string field, string? text, int characters)
    {
        if (text is not null && text.Length > characters)
        {
            Add(field, $"Must have at most {characters} characters, not {text.Length}.");
        }
    }

    /// <summary>Notes a fault where the text holds line breaks or other control characters.</summary>
    public void OneLine(string field, string? text)
    {
        if (text is not null && text.Any(SiemForwarder.Connections.OneLine.Breaks))
        {
            Add(field, "Must be one line without control characters.");
        }
    }

    /// <summary>Notes a fault where an entry of a list is null or empty.</summary>
    public void NoneEmpty(string field, IReadOnlyList<string>? texts)
    {
        if (texts is not null && texts.Any(string.IsNullOrEmpty))
        {
            Add(field, "Must not hold empty entries.");
        }
    }

    private static string Shown(string text) => text.Length > 40 ? text[..40] + "…" : text;
}
