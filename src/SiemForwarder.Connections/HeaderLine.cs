using System.Buffers;

namespace SiemForwarder.Connections;

/// <summary>A header line as entered by an administrator, <c>Name: value</c> (RFC 9110 section 5.1); validated identically when it is saved and when
/// it is sent.</summary>
public static class HeaderLine
{
    // RFC 9110 section 5.6.2.
    private static readonly SearchValues<char> TokenCharacters =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

    /// <summary>Whether a text is a valid header name.</summary>
    public static bool IsName(ReadOnlySpan<char> text) => text.Length > 0 && !text.ContainsAnyExcept(TokenCharacters);

    /// <summary>False if there is no colon, the name is not a token, or the value is empty, contains a control character or is not ASCII.</summary>
    public static bool TryParse(Secret line, out string name, out Secret value)
    {
        ArgumentNullException.ThrowIfNull(line);
        var text = line.Reveal();
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        name = colon > 0 ? text[..colon].Trim() : string.Empty;
        var rest = colon > 0 ? text[(colon + 1)..].Trim() : string.Empty;
        value = new Secret(rest);
        return IsName(name) && rest.Length > 0 && !rest.Any(character => char.IsControl(character) || character > '~');
    }
}

/// <summary>Headers that users cannot set, because the forwarder or the connection sets them, or because they describe the body.</summary>
public static class ReservedHeaders
{
    private static readonly HashSet<string> Names = new(StringComparer.OrdinalIgnoreCase)
    {
        "Accept-Encoding", "Allow", "Connection", "Expect", "Expires", "Host", "Keep-Alive", "Last-Modified", "Proxy-Connection", "TE", "Trailer",
        "Transfer-Encoding", "Upgrade", "User-Agent",
    };

    public static bool Contains(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return Names.Contains(name) || name.StartsWith("Content-", StringComparison.OrdinalIgnoreCase);
    }
}
