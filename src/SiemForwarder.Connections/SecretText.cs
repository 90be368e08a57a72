using System.Buffers;

namespace SiemForwarder.Connections;

/// <summary>Reads all secrets as people paste them, often out of files.</summary>
/// <remarks>
/// A leading byte order mark, and line ends and blanks around a secret, are not part of it; only a password keeps its blanks, which may be
/// intended. A line break inside is an error except in key files.
/// </remarks>
public static class SecretText
{
    /// <summary>The error for a secret that is not a single line.</summary>
    public const string NotOneLine = "Contains a line break; paste it again as one line.";

    private static readonly SearchValues<char> LineBreaks = SearchValues.Create("\r\n");

    /// <summary>The secret in a text; null if there is none.</summary>
    /// <param name="given">The text as pasted.</param>
    /// <param name="stored">The current secret: given back unchanged, it stays unchanged.</param>
    /// <param name="keepsBlanks">Whether surrounding blanks are part of it.</param>
    public static Secret? Of(string? given, Secret? stored = null, bool keepsBlanks = false)
    {
        if (string.IsNullOrEmpty(given))
        {
            return null;
        }

        if (stored is { Reference: null } && stored.Reveal() == given)
        {
            return stored;
        }

        var text = given.Trim('\uFEFF');
        text = keepsBlanks ? text.Trim('\r', '\n') : text.Trim();
        return text.Length == 0 ? null : new Secret(text);
    }

    /// <summary>Whether the secret contains no line break; the current secret is not checked again.</summary>
    public static bool IsOneLine(Secret secret, Secret? stored = null)
    {
        ArgumentNullException.ThrowIfNull(secret);
        return ReferenceEquals(secret, stored) || secret.Reveal().AsSpan().IndexOfAny(LineBreaks) < 0;
    }
}
