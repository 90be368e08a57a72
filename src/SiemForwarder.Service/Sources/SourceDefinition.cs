using System.Text.Json;
using SiemForwarder.Destinations;
using SiemForwarder.Events;
using SiemForwarder.Service.Keycloak;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Sources;

/// <summary>The validated settings of a source without its secrets; stored as JSON.</summary>
internal sealed record SourceDefinition(KeycloakDefinition Keycloak)
{
    public const string ClientSecret = "keycloak.clientSecret";

    public string ToJson() => JsonSerializer.Serialize(this, JsonSerializerOptions.Web);

    public static SourceDefinition FromJson(string json) => JsonSerializer.Deserialize<SourceDefinition>(json, JsonSerializerOptions.Web)
        ?? throw new InvalidDataException("A stored source has an empty definition.");

    /// <summary>What the poller needs.</summary>
    public KeycloakSource ToKeycloak(Source source, Secret clientSecret) => new()
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
    };
}

/// <summary>The validated settings of a Keycloak realm.</summary>
internal sealed record KeycloakDefinition(
    string BaseUrl, string Realm, string ClientId, IReadOnlyList<string> Streams, int PollIntervalSeconds, string Start, string? CaCertificate);
