using System.Buffers;

namespace SiemForwarder.Connections;

/// <summary>The one place that reads secrets as people paste them, often out of files.</summary>
/// <remarks>
/// A byte order mark in front, and line ends and blanks around a secret are not part of it; only a password keeps its blanks, which somebody may have
/// chosen. A line break inside is wrong in everything but files of keys.
/// </remarks>
public static class SecretText
{
    /// <summary>What is wrong with a secret that is not one line.</summary>
    public const string NotOneLine = "Holds a line break inside; paste it again as one line.";

    private static readonly SearchValues<char> LineBreaks = SearchValues.Create("\r\n");

    /// <summary>The secret in a text; null where there is none.</summary>
    /// <param name="given">As it was pasted.</param>
    /// <param name="stored">The one in force: written back as it is, it stays as it is.</param>
    /// <param name="keepsBlanks">Whether blanks around it belong to it.</param>
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

    /// <summary>Whether there is no line break inside; the one in force is not judged again.</summary>
    public static bool IsOneLine(Secret secret, Secret? stored = null)
    {
        ArgumentNullException.ThrowIfNull(secret);
        return ReferenceEquals(secret, stored) || secret.Reveal().AsSpan().IndexOfAny(LineBreaks) < 0;
    }
}
