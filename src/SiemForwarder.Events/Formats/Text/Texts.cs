using System.Globalization;

namespace SiemForwarder.Events.Formats.Text;

/// <summary>Shortens texts to the lengths that formats allow.</summary>
internal static class Texts
{
    /// <summary>At most <paramref name="length"/> UTF-16 units, never half of a surrogate pair.</summary>
    public static ReadOnlySpan<char> Cut(ReadOnlySpan<char> text, int length)
    {
        if (text.Length <= length)
        {
            return text;
        }

        return length > 0 && char.IsHighSurrogate(text[length - 1]) && char.IsLowSurrogate(text[length]) ? text[..(length - 1)] : text[..length];
    }

    /// <summary>The URI without query and fragment: those of a redirect contain codes and states.</summary>
    public static ReadOnlySpan<char> WithoutQuery(ReadOnlySpan<char> uri)
    {
        var end = uri.IndexOfAny('?', '#');
        return end < 0 ? uri : uri[..end];
    }

    /// <summary>The host of a URI such as <c>https://user@host:8080/path</c>; empty if there is none.</summary>
    public static ReadOnlySpan<char> Host(ReadOnlySpan<char> uri)
    {
        var scheme = uri.IndexOf("://");
        if (scheme < 0)
        {
            return [];
        }

        var authority = uri[(scheme + 3)..];
        var end = authority.IndexOfAny("/?#\\");
        authority = end < 0 ? authority : authority[..end];
        authority = authority[(authority.LastIndexOf('@') + 1)..];
        var port = authority.LastIndexOf(':');
        return port > authority.LastIndexOf(']') ? authority[..port] : authority;
    }

    /// <summary>The port of an authority such as <c>user@host:8080</c>; null if there is none.</summary>
    public static int? Port(ReadOnlySpan<char> authority)
    {
        var colon = authority.LastIndexOf(':');
        return colon > authority.LastIndexOf(']')
            && ushort.TryParse(authority[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var port) ? port : null;
    }

    /// <summary>Printable ASCII as required in syslog headers (RFC 5424 section 6): other characters become <c>_</c>, the rest is cut, an empty text
    /// becomes <c>-</c>.</summary>
    public static void AppendPrintable(Utf8Buffer output, ReadOnlySpan<char> text, int length)
    {
        if (text.IsEmpty)
        {
            output.Append((byte)'-');
            return;
        }

        foreach (var character in text.Length > length ? text[..length] : text)
        {
            output.Append(character is > ' ' and <= '~' ? (byte)character : (byte)'_');
        }
    }

    public static ReadOnlySpan<byte> Outcome(EventOutcome outcome) => outcome switch
    {
        EventOutcome.Success => "success"u8,
        EventOutcome.Failure => "failure"u8,
        _ => "unknown"u8,
    };
}
