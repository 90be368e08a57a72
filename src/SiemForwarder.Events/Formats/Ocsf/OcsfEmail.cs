using System.Buffers;

namespace SiemForwarder.Events.Formats.Ocsf;

/// <summary>Tells whether a text is what OCSF takes as an e-mail address (type <c>email_t</c>).</summary>
internal static class OcsfEmail
{
    private const int MaxLength = 254;

    private static readonly SearchValues<char> Local =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+,-./=?^_`{|}~");

    private static readonly SearchValues<char> Domain = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.");

    /// <summary>True for what never has to be left out to make room.</summary>
    public static bool IsShort(string email) => email.Length <= 64;

    public static bool IsValid(ReadOnlySpan<char> text)
    {
        var at = text.IndexOf('@');
        if (at < 1 || text.Length > MaxLength || text[..at].ContainsAnyExcept(Local))
        {
            return false;
        }

        var domain = text[(at + 1)..];
        var dot = domain.IndexOf('.');
        return dot > 0 && dot < domain.Length - 1 && !domain.ContainsAnyExcept(Domain);
    }
}
