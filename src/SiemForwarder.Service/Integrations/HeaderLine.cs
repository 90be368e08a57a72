using System.Buffers;
using SiemForwarder.Connections;

namespace SiemForwarder.Service.Integrations;

/// <summary>Reads a header line as an administrator writes it: <c>Name: value</c> (RFC 9110 section 5.1).</summary>
internal static class HeaderLine
{
    private static readonly SearchValues<char> TokenCharacters =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

    /// <summary>False where there is no colon, the name is no token, or the value is empty or holds a control character.</summary>
    public static bool TryParse(Secret line, out string name, out Secret value)
    {
        var text = line.Reveal();
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        name = colon > 0 ? text[..colon].Trim() : string.Empty;
        var rest = colon > 0 ? text[(colon + 1)..].Trim() : string.Empty;
        value = new Secret(rest);
        return name.Length > 0 && !name.AsSpan().ContainsAnyExcept(TokenCharacters)
            && rest.Length > 0 && !rest.Any(character => char.IsControl(character) || character > '~');
    }
}
