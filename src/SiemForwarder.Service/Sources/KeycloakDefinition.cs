namespace SiemForwarder.Service.Sources;

/// <summary>The validated settings of a Keycloak realm.</summary>
internal sealed record KeycloakDefinition(
    string BaseUrl, string Realm, string ClientId, IReadOnlyList<string> Streams, int PollIntervalSeconds, string Start, string? CaCertificate,
    bool AllowDuplicate = false);
