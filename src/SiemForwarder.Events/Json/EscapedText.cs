namespace SiemForwarder.Events.Json;

/// <summary>Texts as found between the quotes in JSON that a reader has validated.</summary>
public static class EscapedText
{
    /// <summary>The text as UTF-8 without escapes; a lone surrogate, for which the framework's own readers throw, becomes U+FFFD.</summary>
    public static byte[] Unescape(ReadOnlySpan<byte> escaped)
    {
        var unescaped = new byte[escaped.Length];
        return unescaped[..JsonText.Unescape(escaped, unescaped)];
    }
}
