using SiemForwarder.Events.Formats.Text;

namespace SiemForwarder.Events.Formats.Leef;

/// <summary>Appends the attributes of a LEEF event, separated by tabs; if space is short, one that does not fit is omitted entirely.</summary>
/// <param name="output">Already contains the header.</param>
/// <param name="rules">Escape rules for values.</param>
/// <param name="end">Length that the buffer must not exceed.</param>
/// <param name="valueLength">Maximum length of a value in UTF-16 units, unless the key requires less.</param>
internal ref struct LeefAttributes(Utf8Buffer output, EscapeRules rules, int end, int valueLength)
{
    private bool hasAttributes;

    /// <summary>True if a value was cut or omitted.</summary>
    public bool HasCut { get; private set; }

    /// <summary>Appends a number.</summary>
    public void Add(scoped ReadOnlySpan<byte> key, long value)
    {
        var start = Begin(key);
        output.AppendNumber(value);
        Keep(start);
    }

    /// <summary>Appends a constant text.</summary>
    public void Add(scoped ReadOnlySpan<byte> key, scoped ReadOnlySpan<byte> value)
    {
        var start = Begin(key);
        output.Append(value);
        Keep(start);
    }

    /// <summary>Appends a text of at most <paramref name="length"/> UTF-16 units; an empty one is omitted.</summary>
    public void Add(scoped ReadOnlySpan<byte> key, scoped ReadOnlySpan<char> value, int length)
    {
        var whole = ControlCharacters.Trim(value);
        var text = ControlCharacters.Trim(rules.Cut(whole, Math.Min(length, valueLength)));
        HasCut |= text.Length < whole.Length;
        if (text.IsEmpty)
        {
            return;
        }

        var start = Begin(key);
        rules.Append(output, text);
        Keep(start);
    }

    /// <summary>Appends <c>true</c> if a mark is set.</summary>
    public void AddMark(scoped ReadOnlySpan<byte> key, bool isSet)
    {
        if (isSet)
        {
            Add(key, "true"u8);
        }
    }

    private readonly int Begin(scoped ReadOnlySpan<byte> key)
    {
        var start = output.Length;
        if (hasAttributes)
        {
            output.Append((byte)'\t');
        }

        output.Append(key);
        output.Append((byte)'=');
        return start;
    }

    private void Keep(int start)
    {
        if (output.Length > end)
        {
            output.Truncate(start);
            HasCut = true;
            return;
        }

        hasAttributes = true;
    }
}
