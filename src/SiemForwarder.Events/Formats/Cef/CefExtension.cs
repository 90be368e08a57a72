using SiemForwarder.Events.Formats.Text;

namespace SiemForwarder.Events.Formats.Cef;

/// <summary>Appends the key-value pairs of a CEF extension; if space is short, a pair that does not fit is omitted entirely.</summary>
internal ref struct CefExtension
{
    private const int Unlimited = int.MaxValue;

    private readonly Utf8Buffer output;
    private readonly EscapeRules rules;
    private readonly int end;
    private readonly int valueLength;
    private bool hasPairs;

    /// <summary>Starts an extension without a limit.</summary>
    public CefExtension(Utf8Buffer output, EscapeRules rules)
        : this(output, rules, Unlimited, Unlimited)
    {
    }

    /// <summary>Starts an extension that must end before a position in the buffer.</summary>
    /// <param name="output">Already contains the header.</param>
    /// <param name="rules">Escape rules for values.</param>
    /// <param name="end">Length that the buffer must not exceed.</param>
    /// <param name="valueLength">Maximum length of a value in UTF-16 units, unless the key requires less.</param>
    public CefExtension(Utf8Buffer output, EscapeRules rules, int end, int valueLength)
    {
        this.output = output;
        this.rules = rules;
        this.end = end;
        this.valueLength = valueLength;
    }

    /// <summary>Appends a number.</summary>
    /// <param name="key">A space, the key and an equals sign; before them a label of the key with its own, if it has one.</param>
    /// <param name="value">Number.</param>
    public void Add(scoped ReadOnlySpan<byte> key, long value)
    {
        var start = Begin(key);
        output.AppendNumber(value);
        Keep(start);
    }

    /// <summary>Appends a text that needs no escaping.</summary>
    public void Add(scoped ReadOnlySpan<byte> key, scoped ReadOnlySpan<byte> value)
    {
        var start = Begin(key);
        output.Append(value);
        Keep(start);
    }

    /// <summary>Appends a text of at most <paramref name="length"/> UTF-16 units; an empty one is omitted.</summary>
    public void Add(scoped ReadOnlySpan<byte> key, scoped ReadOnlySpan<char> value, int length)
    {
        var text = Shorten(value, length);
        if (text.IsEmpty)
        {
            return;
        }

        var start = Begin(key);
        rules.Append(output, text);
        Keep(start);
    }

    /// <summary>Appends a pair that is always the same if it is true of the event.</summary>
    public void AddMark(scoped ReadOnlySpan<byte> pair, bool isSet)
    {
        if (isSet)
        {
            Keep(Begin(pair));
        }
    }

    private readonly ReadOnlySpan<char> Shorten(ReadOnlySpan<char> value, int length) =>
        ControlCharacters.Trim(rules.Cut(ControlCharacters.Trim(value), Math.Min(length, valueLength)));

    private readonly int Begin(scoped ReadOnlySpan<byte> key)
    {
        var start = output.Length;
        output.Append(hasPairs ? key : key[1..]);
        return start;
    }

    private void Keep(int start)
    {
        if (output.Length > end)
        {
            output.Truncate(start);
            return;
        }

        hasPairs = true;
    }
}
