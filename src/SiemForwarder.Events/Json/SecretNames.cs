using System.Buffers;
using System.Collections.Frozen;

namespace SiemForwarder.Events.Json;

/// <summary>Decides by name whether a member of a representation, a detail or a URI parameter contains a secret.</summary>
/// <remarks>Names are split into words, whatever separates them: <c>client.secret</c>, <c>clientSecret</c> and <c>CLIENT_SECRET</c> are the same name. The
/// list covers what Keycloak's own providers mark as secret (<c>ProviderConfigProperty.setSecret</c>): <c>secret</c>, <c>clientSecret</c>,
/// <c>bindCredential</c>, <c>privateKey</c>, <c>keystorePassword</c>, <c>keyPassword</c>, <c>secret.key</c>, <c>api.key</c>.</remarks>
internal static class SecretNames
{
    // Only the end of a longer name counts.
    private const int MaxNameLength = 256;

    private static readonly SearchValues<string> Stems =
        SearchValues.Create(["secret", "pass", "pwd", "token", "key", "cred", "salt", "assertion"], StringComparison.OrdinalIgnoreCase);

    private static readonly SearchValues<string> StrongStems =
        SearchValues.Create(["secret", "password", "passwd", "passphrase", "privatekey", "apikey"], StringComparison.Ordinal);

    private static readonly string[] SecretEndings =
    [
        "token", "token hint", " pwd", " salt", " salted", "assertion", "bind credential", "bindcredential", "accesskey", "sharedkey", "masterkey",
    ];

    // These make a key a private one; other keys are public, or just happen to be called a key.
    private static readonly FrozenSet<string> SecretKeys = FrozenSet.ToFrozenSet(
        ["api", "access", "private", "shared", "master", "account", "auth", "signing", "encryption", "hmac", "aes", "storage", "license", "service"]);

    // After these words, a name describes a secret rather than containing it.
    private static readonly FrozenSet<string> Describing = FrozenSet.ToFrozenSet(
    [
        "time", "date", "at", "policy", "policies", "type", "types", "allowed", "enabled", "disabled", "required", "url", "uri", "endpoint", "lifespan",
        "expiration", "expires", "expiry", "creation", "created", "updated", "changed", "iterations", "algorithm", "alg", "method", "methods", "length",
        "count", "max", "min", "history", "age", "blacklist", "denylist", "flow", "action", "actions", "provider", "attribute", "claim", "mapper", "label",
        "format", "encoder", "period", "timeout", "reset", "page", "template", "reuse", "location", "path", "alias", "ref", "reference", "version", "status",
        "state", "strength", "executor", "passwordless",
    ]);

    // These only state the form of the secret.
    private static readonly FrozenSet<string> Forms = FrozenSet.ToFrozenSet(
    [
        "value", "values", "data", "rotated", "pem", "text", "plain", "base", "encoded", "encrypted", "new", "old", "current", "previous", "confirm",
        "confirmation",
    ]);

    // Values with these names are long and mixed without being secrets.
    private static readonly FrozenSet<string> Ordinary = FrozenSet.ToFrozenSet(
    [
        "id", "ids", "url", "urls", "uri", "uris", "endpoint", "certificate", "certificates", "cert", "certs", "kid", "name", "names", "alias", "dn",
        "filter", "alg", "algorithm", "attribute", "attributes", "issuer", "issuers", "scope", "scopes", "host", "provider", "type", "class", "classes",
        "mapper", "pattern", "regex", "claim", "template", "thumbprint", "fingerprint", "audience", "entity", "role", "roles", "group", "groups", "path",
        "file", "format", "realm", "domain", "server", "description", "script", "flow", "verifier",
    ]);

    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> SecretKeyLookup = SecretKeys.GetAlternateLookup<ReadOnlySpan<char>>();
    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> DescribingLookup = Describing.GetAlternateLookup<ReadOnlySpan<char>>();
    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> FormLookup = Forms.GetAlternateLookup<ReadOnlySpan<char>>();
    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> OrdinaryLookup = Ordinary.GetAlternateLookup<ReadOnlySpan<char>>();

    private static readonly TextMemo<bool> KnownNames = new(name => IsSecret(name.AsSpan()));

    /// <summary>Whether a member of that name holds a secret; a name that repeats as the same string is looked at once.</summary>
    public static bool IsSecret(string name) => KnownNames.Of(name);

    /// <summary>Whether a member of that name holds a secret.</summary>
    public static bool IsSecret(ReadOnlySpan<char> name)
    {
        if (!name.ContainsAny(Stems))
        {
            return false;
        }

        Span<char> buffer = stackalloc char[(2 * MaxNameLength) + 1];
        ReadOnlySpan<char> words = buffer[..SplitWords(name, buffer)];
        if (HasStrongWord(words))
        {
            return !DescribingLookup.Contains(LastWord(words));
        }

        // "age_of_refresh_token", "included.in.token": the name refers to something else.
        if (words.Contains(" of ", StringComparison.Ordinal) || words.Contains(" in ", StringComparison.Ordinal))
        {
            return false;
        }

        words = words.TrimEnd(" 0123456789");
        while (words.Length > 0 && FormLookup.Contains(LastWord(words)))
        {
            words = words[..(words.Length - LastWord(words).Length)].TrimEnd(" 0123456789");
        }

        foreach (var ending in SecretEndings)
        {
            if (words.EndsWith(ending, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return LastWord(words) is "key" && SecretKeyLookup.Contains(LastWord(words[..^" key".Length]));
    }

    /// <summary>Whether values with that name are never secrets, however random they look: ids, addresses, names, public data.</summary>
    public static bool IsOrdinary(ReadOnlySpan<char> name)
    {
        Span<char> buffer = stackalloc char[(2 * MaxNameLength) + 1];
        ReadOnlySpan<char> words = buffer[..SplitWords(name, buffer)];
        return OrdinaryLookup.Contains(LastWord(words)) || words.EndsWith("public key", StringComparison.Ordinal);
    }

    private static bool HasStrongWord(ReadOnlySpan<char> words)
    {
        if (words.Contains(" private key", StringComparison.Ordinal) || words.Contains(" api key", StringComparison.Ordinal))
        {
            return true;
        }

        foreach (var range in words.Split(' '))
        {
            var word = words[range];
            if (word.ContainsAny(StrongStems) && word is not "passwordless")
            {
                return true;
            }
        }

        return false;
    }

    private static ReadOnlySpan<char> LastWord(ReadOnlySpan<char> words) => words[(words.LastIndexOf(' ') + 1)..];

    // Every word in lower case, preceded by a space.
    private static int SplitWords(ReadOnlySpan<char> name, Span<char> words)
    {
        name = name.Length > MaxNameLength ? name[^MaxNameLength..] : name;
        var length = 0;
        var isOpen = false;
        for (var index = 0; index < name.Length; index++)
        {
            var character = name[index];
            if (!char.IsLetterOrDigit(character))
            {
                isOpen = false;
                continue;
            }

            var begins = char.IsUpper(character) && index > 0
                && (!char.IsUpper(name[index - 1]) || (index + 1 < name.Length && char.IsLower(name[index + 1])));
            if (!isOpen || begins)
            {
                words[length++] = ' ';
                isOpen = true;
            }

            words[length++] = char.ToLowerInvariant(character);
        }

        return length;
    }
}
