namespace SiemForwarder.Service.Api;

/// <summary>All errors in a request, by field.</summary>
internal sealed class FieldErrors
{
    private readonly Dictionary<string, string[]> errors = [];

    public bool Any => errors.Count > 0;

    public IDictionary<string, string[]> ByField => errors;

    /// <summary>Adds an error for a field, as a sentence.</summary>
    public void Add(string field, string sentence) =>
        errors[field] = errors.TryGetValue(field, out var known) ? [.. known, sentence] : [sentence];

    /// <summary>Removes the errors of a field.</summary>
    public void TakeBack(string field) => errors.Remove(field);

    /// <summary>Adds the errors of a part of the request under the field that holds it.</summary>
    public void Include(string field, FieldErrors part)
    {
        foreach (var (name, sentences) in part.errors)
        {
            errors[$"{field}.{name}"] = sentences;
        }
    }

    /// <summary>The value of a choice, read case-insensitively; adds an error that lists the choices if there is no match.</summary>
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

        Add(field, $"'{Shown(text)}' is not a known value; use one of: {string.Join(", ", choices.Keys)}.");
        return fallback;
    }

    /// <summary>Like <see cref="Choose"/>, but returns the name of the choice as the API writes it.</summary>
    public string ChooseName<T>(string field, string? text, T fallback, IReadOnlyDictionary<string, T> choices)
    {
        var chosen = Choose(field, text, fallback, choices);
        return choices.First(choice => EqualityComparer<T>.Default.Equals(choice.Value, chosen)).Key;
    }

    /// <summary>The number, or the fallback if it is absent; adds an error if it is out of range.</summary>
    public int Between(string field, int? number, int lowest, int highest, int fallback)
    {
        if (number is { } given && (given < lowest || given > highest))
        {
            Add(field, $"Must be from {lowest} to {highest}, not {given}.");
            return fallback;
        }

        return number ?? fallback;
    }

    /// <summary>Adds an error if the text is longer than the given number of characters.</summary>
    public void AtMost(string field, string? text, int characters)
    {
        if (text is not null && text.Length > characters)
        {
            Add(field, $"Must have at most {characters} characters, not {text.Length}.");
        }
    }

    /// <summary>Adds an error if the text contains line breaks or other control characters.</summary>
    public void OneLine(string field, string? text)
    {
        if (text is not null && text.Any(SiemForwarder.Connections.OneLine.Breaks))
        {
            Add(field, "Must be one line without control characters.");
        }
    }

    /// <summary>Adds an error if a list entry is null or empty.</summary>
    public void NoneEmpty(string field, IReadOnlyList<string>? texts)
    {
        if (texts is not null && texts.Any(string.IsNullOrEmpty))
        {
            Add(field, "Must not contain empty entries.");
        }
    }

    private static string Shown(string text) => text.Length > 40 ? text[..40] + "…" : text;
}
