using System.Collections.Frozen;

namespace SiemForwarder.Events.Json;

/// <summary>Tells by its name whether a member of a representation, or a detail, holds a secret.</summary>
/// <remarks>Case and separators do not matter: <c>client.secret</c>, <c>clientSecret</c> and <c>CLIENT_SECRET</c> are one name.</remarks>
internal static class SecretNames
{
    private const int MaxNameLength = 96;

    private static readonly string[] Endings =
    [
        "secret", "secretrotated", "secretdata", "password", "passphrase", "privatekey", "privatekeypem", "bindcredential", "apikey",
        "registrationaccesstoken", "initialaccesstoken",
    ];

    private static readonly FrozenSet<string> Names = FrozenSet.ToFrozenSet(
        ["token", "accesstoken", "refreshtoken", "idtoken", "subjecttoken", "clientassertion", "assertion", "hashedsaltedvalue", "salt"]);

    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> NameLookup = Names.GetAlternateLookup<ReadOnlySpan<char>>();

    public static bool IsSecret(ReadOnlySpan<char> name)
    {
        // The end of a name tells; what stands before the last characters does not matter.
        Span<char> plain = stackalloc char[MaxNameLength];
        var length = 0;
        foreach (var character in name.Length > MaxNameLength ? name[^MaxNameLength..] : name)
        {
            if (char.IsAsciiLetterOrDigit(character))
            {
                plain[length++] = char.ToLowerInvariant(character);
            }
        }

        ReadOnlySpan<char> normalized = plain[..length];
        foreach (var ending in Endings)
        {
            if (normalized.EndsWith(ending, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return NameLookup.Contains(normalized);
    }
}
