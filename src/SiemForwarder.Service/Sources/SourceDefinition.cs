using System.Text.Json;
using SiemForwarder.Connections;
using SiemForwarder.Connections.Network;
using SiemForwarder.Events;
using SiemForwarder.Service.Inbox;
using SiemForwarder.Service.Keycloak.Client;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Sources;

/// <summary>The validated settings of a source without its secrets; stored as JSON.</summary>
/// <param name="Keycloak">The realm to pull; null of kind <c>http</c>.</param>
/// <param name="Inbox">Who may push; null where nobody may.</param>
internal sealed record SourceDefinition(KeycloakDefinition? Keycloak, InboxDefinition? Inbox)
{
    public const string KeycloakKind = "keycloak";
    public const string HttpKind = "http";
    public const string ClientSecret = "keycloak.clientSecret";
    public const string InboxKey = "inbox.key";
    public const string InboxSecondKey = "inbox.secondKey";

    public string ToJson() => JsonSerializer.Serialize(this, JsonSerializerOptions.Web);

    /// <summary>The settings as stored; null with a sentence where this version does not know all that they say.</summary>
    public static SourceDefinition? Read(string json, out string? fault)
    {
        var read = StoredDefinition.Read<SourceDefinition>(json, JsonSerializerOptions.Web, out fault);
        if (read?.Inbox is { } inbox && !Enum.IsDefined(inbox.Authentication))
        {
            fault = StoredDefinition.SavedByNewer("how senders authenticate (inbox.authentication)");
        }

        return fault is null ? read : null;
    }

    /// <summary>As much of the settings as this version knows, to be shown.</summary>
    public static SourceDefinition ReadKnown(string json)
    {
        var known = StoredDefinition.ReadKnown(json, JsonSerializerOptions.Web, new SourceDefinition(null, null));
        return known.Inbox is { } inbox && !Enum.IsDefined(inbox.Authentication) ? known with { Inbox = null } : known;
    }

    public static SourceDefinition FromJson(string json) => JsonSerializer.Deserialize<SourceDefinition>(json, JsonSerializerOptions.Web)
        ?? throw new InvalidDataException("A stored source has an empty definition.");

    /// <summary>What the poller needs; of a source that has a realm.</summary>
    public KeycloakSource ToKeycloak(Source source, Secret clientSecret, EgressPolicy egress) =>
        Keycloak is null ? throw new InvalidOperationException("The source has no realm.") : new()
    {
        Id = source.Id,
        Name = source.Name,
        BaseUrl = new Uri(Keycloak.BaseUrl),
        Realm = Keycloak.Realm,
        ClientId = Keycloak.ClientId,
        ClientSecret = clientSecret,
        Streams = [.. Keycloak.Streams.Select(stream => stream == "admin" ? EventStream.Admin : EventStream.User)],
        PollInterval = TimeSpan.FromSeconds(Keycloak.PollIntervalSeconds),
        Start = Keycloak.Start switch
        {
            "now" => PollStart.Now,
            "everything" => PollStart.All,
            var instant => new PollStart(false, DateTimeOffset.Parse(instant, System.Globalization.CultureInfo.InvariantCulture)),
        },
        CaCertificate = Keycloak.CaCertificate,
        Fingerprint = Keycloak.Fingerprint,
        Proxy = Keycloak.Proxy is { } proxy ? new Uri(proxy) : null,
        Egress = egress,
    };

    /// <summary>What the inbox needs; null where nobody may push.</summary>
    /// <param name="source">The source as stored.</param>
    /// <param name="secrets">Its secrets.</param>
    /// <param name="pulledByContent">True where the realm's server shows no event ids.</param>
    public InboxSettings? ToInbox(Source source, IReadOnlyDictionary<string, Secret> secrets, bool pulledByContent) => Inbox is null ? null : new()
    {
        SourceId = source.Id,
        SourceName = source.Name,
        Authentication = Inbox.Authentication,
        Header = Inbox.Header,
        Tolerance = TimeSpan.FromSeconds(Inbox.ToleranceSeconds),
        AllowSha1 = Inbox.AllowSha1,
        Keys = [.. new[] { InboxKey, InboxSecondKey }.Where(secrets.ContainsKey).Select(name => secrets[name])],
        PulledRealm = Keycloak?.Realm,
        PulledByContent = pulledByContent,
    };
}

/// <summary>The validated settings of an inbox.</summary>
internal sealed record InboxDefinition(InboxAuthentication Authentication, string Header, int ToleranceSeconds, bool AllowSha1);
