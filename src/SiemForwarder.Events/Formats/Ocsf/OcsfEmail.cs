using System.Buffers;

namespace SiemForwarder.Events.Formats.Ocsf;

/// <summary>Checks whether a text is a valid e-mail address in OCSF (type <c>email_t</c>).</summary>
internal static class OcsfEmail
{
    private const int MaxLength = 254;

    private static readonly SearchValues<char> Local =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+,-./=?^_`{|}~");

    private static readonly SearchValues<char> Domain = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.");

    /// <summary>True for addresses that never need to be omitted to make room.</summary>
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
