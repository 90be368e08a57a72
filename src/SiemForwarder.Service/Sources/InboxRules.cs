using SiemForwarder.Connections;
using SiemForwarder.Destinations.Http.Webhook;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Inbox;
using SiemForwarder.Service.Storage.Protection;

namespace SiemForwarder.Service.Sources;

/// <summary>Checks the inbox part of a source.</summary>
internal static class InboxRules
{
    private const int MinKeyLength = 16;
    private const int MaxKeyLength = 512;
    private const int MaxHeaderLength = 100;
    private const string KeyHeader = "X-API-Key";

    /// <summary>The names of the ways to authenticate in the API.</summary>
    public static readonly IReadOnlyDictionary<string, InboxAuthentication> Authentications = new Dictionary<string, InboxAuthentication>
    {
        ["key"] = InboxAuthentication.Key,
        ["standard-webhooks"] = InboxAuthentication.StandardWebhooks,
        ["hmac"] = InboxAuthentication.Hmac,
    };

    /// <summary>The definition that follows from a request; its keys are added to the secrets.</summary>
    public static InboxDefinition Validate(
        InboxRequest request, IReadOnlyDictionary<string, Secret> stored, SecretReferences? references, Dictionary<string, Secret> secrets,
        FieldErrors errors)
    {
        var authentication = errors.Choose("inbox.authentication", request.Authentication, InboxAuthentication.Key, Authentications);
        Keep(SourceDefinition.InboxKey, request.Key, authentication, stored, references, secrets, errors);
        Keep(SourceDefinition.InboxSecondKey, request.SecondKey, authentication, stored, references, secrets, errors);
        if (!secrets.ContainsKey(SourceDefinition.InboxKey))
        {
            errors.Add(SourceDefinition.InboxKey, authentication == InboxAuthentication.StandardWebhooks
                ? "Give a key: whsec_ and the Base64 of 24 to 64 random bytes, as 'echo whsec_$(openssl rand -base64 32)' makes it."
                : "Give a key of at least 16 characters, as 'openssl rand -hex 32' makes it.");
        }

        return new InboxDefinition(
            authentication,
            Header(request.Header, authentication == InboxAuthentication.Hmac ? HexSignature.DefaultHeader : KeyHeader, errors),
            errors.Between("inbox.toleranceSeconds", request.ToleranceSeconds, 1, 3600, 300),
            request.AllowSha1 ?? false);
    }

    private static void Keep(
        string name, string? given, InboxAuthentication authentication, IReadOnlyDictionary<string, Secret> stored, SecretReferences? references,
        Dictionary<string, Secret> secrets, FieldErrors errors)
    {
        var secret = given is null ? stored.GetValueOrDefault(name) : references?.Find(name, given) ?? SecretText.Of(given, stored.GetValueOrDefault(name));
        if (secret is null)
        {
            return;
        }

        secrets[name] = secret;
        if (!IsUsable(authentication, secret))
        {
            errors.Add(name, authentication == InboxAuthentication.StandardWebhooks
                ? "Must be whsec_ and the Base64 of 24 to 64 random bytes."
                : $"Must have {MinKeyLength} to {MaxKeyLength} printable ASCII characters without spaces.");
        }
    }

    /// <summary>Whether a key can be one of this kind.</summary>
    public static bool IsUsable(InboxAuthentication authentication, Secret key) =>
        authentication == InboxAuthentication.StandardWebhooks ? WebhookSignature.IsSecret(key.Reveal()) : IsKey(key.Reveal());

    private static bool IsKey(string text) => text.Length is >= MinKeyLength and <= MaxKeyLength && text.All(character => character is > ' ' and <= '~');

    private static string Header(string? text, string fallback, FieldErrors errors)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return fallback;
        }

        if (text.Length > MaxHeaderLength || !HeaderLine.IsName(text))
        {
            errors.Add("inbox.header", "Must be the name of a header, such as X-API-Key.");
        }

        return text;
    }
}
