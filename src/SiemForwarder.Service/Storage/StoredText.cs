using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace SiemForwarder.Service.Storage;

/// <summary>Makes external text storable in a column: PostgreSQL rejects NUL and unpaired surrogates.</summary>
internal static class StoredText
{
    private const int MaxCharacters = 4000;

    /// <summary>The text, cut to the given number of characters but never inside a surrogate pair; null stays null.</summary>
    [return: NotNullIfNotNull(nameof(text))]
    public static string? Of(string? text, int maxCharacters = MaxCharacters)
    {
        if (text is null)
        {
            return null;
        }

        var cut = text.Length > maxCharacters ? text[..(char.IsHighSurrogate(text[maxCharacters - 1]) ? maxCharacters - 1 : maxCharacters)] : text;
        // Rewritten only if necessary: nearly all text is storable as it is.
        return cut.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') >= 0 || cut.Contains('\0', StringComparison.Ordinal)
            ? Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(cut)).Replace('\0', '\uFFFD')
            : cut;
    }
}
