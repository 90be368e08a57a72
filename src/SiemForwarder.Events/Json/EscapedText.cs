namespace SiemForwarder.Events.Json;

/// <summary>Texts as they stand between the quotes of a JSON text that a reader has checked.</summary>
public static class EscapedText
{
    /// <summary>The text as UTF-8 without its escapes; half a surrogate pair, for which the framework's own readers throw, becomes U+FFFD.</summary>
    public static byte[] Unescape(ReadOnlySpan<byte> escaped)
    {
        var unescaped = new byte[escaped.Length];
        return unescaped[..JsonText.Unescape(escaped, unescaped)];
    }
}
