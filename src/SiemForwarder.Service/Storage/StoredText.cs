using System.Text;

namespace SiemForwarder.Service.Dispatch;

/// <summary>Makes text from outside fit for a column: PostgreSQL refuses NUL and halves of surrogate pairs.</summary>
internal static class StoredText
{
    private const int MaxCharacters = 4000;

    public static string Of(string text)
    {
        var cut = text.Length > MaxCharacters ? text[..MaxCharacters] : text;
        return Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(cut)).Replace('\0', '\uFFFD');
    }
}
