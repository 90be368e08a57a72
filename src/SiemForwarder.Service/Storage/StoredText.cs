using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace SiemForwarder.Service.Storage;

/// <summary>Makes text from outside fit for a column: PostgreSQL refuses NUL and halves of surrogate pairs.</summary>
internal static class StoredText
{
    private const int MaxCharacters = 4000;

    /// <summary>The text, cut to so many characters and never inside a pair; null stays null.</summary>
    [return: NotNullIfNotNull(nameof(text))]
    public static string? Of(string? text, int maxCharacters = MaxCharacters)
    {
        if (text is null)
        {
            return null;
        }

        var cut = text.Length > maxCharacters ? text[..(char.IsHighSurrogate(text[maxCharacters - 1]) ? maxCharacters - 1 : maxCharacters)] : text;
        // Written anew only where it must be: nearly all text is fit as it is.
        return cut.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') >= 0 || cut.Contains('\0', StringComparison.Ordinal)
            ? Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(cut)).Replace('\0', '\uFFFD')
            : cut;
    }
}
