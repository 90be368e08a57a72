using System.Text.Json;
using SiemForwarder.Connections;
using SiemForwarder.Connections.Network;
using SiemForwarder.Events;
using SiemForwarder.Service.Inbox;
using SiemForwarder.Service.Keycloak.Client;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Sources;

/// <summary>The validated settings of a source without its secrets; stored as JSON.</summary>
/// <param name="Keycloak">The realm to poll; null for kind <c>http</c>.</param>
/// <param name="Inbox">Who may push; null if no one may.</param>
internal sealed record SourceDefinition(KeycloakDefinition? Keycloak, InboxDefinition? Inbox)
{
    public const string KeycloakKind = "keycloak";
    public const string HttpKind = "http";
    public const string ClientSecret = "keycloak.clientSecret";
    public const string PrivateKey = "keycloak.privateKey";
    public const string ClientAssertion = "keycloak.clientAssertion";
    public const string ClientKey = "keycloak.clientKey";
    public const string InboxKey = "inbox.key";
    public const string InboxSecondKey = "inbox.secondKey";

    /// <summary>Where externally stored secrets are, by name; null if there are none.</summary>
    public IReadOnlyDictionary<string, string>? SecretReferences { get; init; }

    public string ToJson() => JsonSerializer.Serialize(this, JsonSerializerOptions.Web);

    /// <summary>The settings as stored; null with an explanation if this version does not know all of them.</summary>
    public static SourceDefinition? Read(string json, out string? fault)
    {
        var read = StoredDefinition.Read<SourceDefinition>(json, JsonSerializerOptions.Web, out fault);
        if (read?.Inbox is { } inbox && !Enum.IsDefined(inbox.Authentication))
        {
            fault = StoredDefinition.SavedByNewer("how senders authenticate (inbox.authentication)");
        }

        if (read?.Keycloak is { Authentication: { } way } && !CredentialRules.Ways.ContainsKey(way))
        {
            fault = StoredDefinition.SavedByNewer("how the client authenticates (keycloak.authentication)");
        }

        return fault is null ? read : null;
    }

    /// <summary>The part of the settings that this version knows, for display.</summary>
    public static SourceDefinition ReadKnown(string json)
    {
        var known = StoredDefinition.ReadKnown(json, JsonSerializerOptions.Web, new SourceDefinition(null, null));
        return known.Inbox is { } inbox && !Enum.IsDefined(inbox.Authentication) ? known with { Inbox = null } : known;
    }

    public static SourceDefinition FromJson(string json) => JsonSerializer.Deserialize<SourceDefinition>(json, JsonSerializerOptions.Web)
        ?? throw new InvalidDataException("A stored source has an empty definition.");

    /// <summary>The settings for the poller, for a source that has a realm.</summary>
    /// <param name="source">The source as stored.</param>
    /// <param name="secrets">Its secrets.</param>
    /// <param name="egress">Where connections from this engine are allowed.</param>
    public KeycloakSource ToKeycloak(Source source, IReadOnlyDictionary<string, Secret> secrets, EgressPolicy egress) =>
        Keycloak is null ? throw new InvalidOperationException("The source has no realm.") : new()
    {
        Id = source.Id,
        Name = source.Name,
        BaseUrl = new Uri(Keycloak.BaseUrl),
        Realm = Keycloak.Realm,
        ClientId = Keycloak.ClientId,
        Credential = CredentialOf(Keycloak, secrets),
        Streams = [.. Keycloak.Streams.Select(stream => stream == "admin" ? EventStream.Admin : EventStream.User)],
        PollInterval = TimeSpan.FromSeconds(Keycloak.PollIntervalSeconds),
        Start = Keycloak.Start switch
        {
            "now" => PollStart.Now,
            "everything" => PollStart.All,
            var instant => new PollStart(false, DateTimeOffset.Parse(instant, System.Globalization.CultureInfo.InvariantCulture)),
        },
        SavedAt = source.UpdatedAt,
        CaCertificate = Keycloak.CaCertificate,
        Fingerprint = Keycloak.Fingerprint,
        Proxy = Keycloak.Proxy is { } proxy ? new Uri(proxy) : null,
        Egress = egress,
    };

    private static KeycloakCredential CredentialOf(KeycloakDefinition keycloak, IReadOnlyDictionary<string, Secret> secrets)
    {
        Secret Of(string name) => secrets.GetValueOrDefault(name) ?? new Secret(string.Empty);
        return keycloak.Authentication switch
        {
            CredentialRules.ByPrivateKey => new KeycloakCredential.PrivateKey(Of(PrivateKey), keycloak.KeyId),
            CredentialRules.ByTokenFile => new KeycloakCredential.TokenFile(Of(ClientAssertion)),
            CredentialRules.ByCertificate => new KeycloakCredential.Certificate(keycloak.ClientCertificate ?? "", Of(ClientKey)),
            _ => new KeycloakCredential.ClientSecret(Of(ClientSecret)),
        };
    }

    /// <summary>The settings for the inbox; null if no one may push.</summary>
    /// <param name="source">The source as stored.</param>
    /// <param name="secrets">Its secrets.</param>
    /// <param name="pulledByContent">True if the realm's server returns no event ids.</param>
    public InboxSettings? ToInbox(Source source, IReadOnlyDictionary<string, Secret> secrets, bool pulledByContent) => Inbox is null ? null : new()
    {
        SourceId = source.Id,
        SourceName = source.Name,
        Authentication = Inbox.Authentication,
        Header = Inbox.Header,
        Tolerance = TimeSpan.FromSeconds(Inbox.ToleranceSeconds),
        AllowSha1 = Inbox.AllowSha1,
        // An externally stored key is checked when it is read: an empty one would let anyone in.
        Keys = [.. new[] { InboxKey, InboxSecondKey }.Where(secrets.ContainsKey).Select(name => secrets[name])
            .Where(key => InboxRules.IsUsable(Inbox.Authentication, key))],
        PulledRealm = Keycloak?.Realm,
        PulledByContent = pulledByContent,
    };
}

/// <summary>The validated settings of an inbox.</summary>
internal sealed record InboxDefinition(InboxAuthentication Authentication, string Header, int ToleranceSeconds, bool AllowSha1);
