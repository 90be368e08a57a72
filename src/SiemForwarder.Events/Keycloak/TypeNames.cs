namespace SiemForwarder.Events.Keycloak;

/// <summary>Converts event type names into words.</summary>
internal static class TypeNames
{
    /// <summary><c>SEND_VERIFY_EMAIL</c> becomes <c>Send Verify Email</c>.</summary>
    public static string Title(string type) => string.Join(' ', Words(type).Select(Capitalize));

    /// <summary><c>SEND_VERIFY_EMAIL</c> becomes <c>Send verify email</c>, <c>CREATE-MyResource</c> becomes <c>Create MyResource</c>.</summary>
    public static string Sentence(string type) => Capitalize(string.Join(' ', Words(type)));

    /// <summary>The text with its first letter in upper case.</summary>
    public static string Capitalize(string text) => text.Length == 0 ? text : char.ToUpperInvariant(text[0]) + text[1..];

    // Only words in capitals are converted to lower case: others were written that way on purpose.
    private static IEnumerable<string> Words(string type) =>
        type.Split(['_', '-', ' '], StringSplitOptions.RemoveEmptyEntries).Select(word => word.Any(char.IsLower) ? word : word.ToLowerInvariant());
}
