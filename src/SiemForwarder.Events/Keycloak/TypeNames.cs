using System.Globalization;

namespace SiemForwarder.Events.Keycloak;

/// <summary>Turns the names of event types into words.</summary>
internal static class TypeNames
{
    /// <summary><c>SEND_VERIFY_EMAIL</c> becomes <c>Send Verify Email</c>; a name without underscores or dashes is kept.</summary>
    public static string Title(string type) => CultureInfo.InvariantCulture.TextInfo.ToTitleCase(Words(type));

    /// <summary><c>SEND_VERIFY_EMAIL</c> becomes <c>Send verify email</c>.</summary>
    public static string Sentence(string type) => Capitalize(Words(type));

    /// <summary>The text with its first letter in upper case.</summary>
    public static string Capitalize(string text) => text.Length == 0 ? text : char.ToUpperInvariant(text[0]) + text[1..];

    private static string Words(string type) => type.ToLowerInvariant().Replace('_', ' ').Replace('-', ' ').Trim();
}
