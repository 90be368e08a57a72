namespace SiemForwarder.Service.Sources;

/// <summary>A source as somebody asks for it; a secret left out stays as it is.</summary>
public sealed record SourceRequest
{
    /// <summary>Unique name, 1 to 100 characters.</summary>
    public string? Name { get; init; }

    /// <summary><c>keycloak</c>.</summary>
    public string? Kind { get; init; }

    /// <summary>Whether it is pulled; true unless said otherwise.</summary>
    public bool? Enabled { get; init; }

    public KeycloakRequest? Keycloak { get; init; }
}

/// <summary>A Keycloak realm to pull from.</summary>
/// <param name="BaseUrl">URL of the server, with or without <c>/auth</c>.</param>
/// <param name="Realm">Name of the realm.</param>
/// <param name="ClientId">Client with a service account that has the role view-events.</param>
/// <param name="ClientSecret">Its secret; write-only.</param>
/// <param name="Streams"><c>user</c>, <c>admin</c> or both (default).</param>
/// <param name="PollIntervalSeconds">1 to 3600; 5 by default. While nothing happens the pause grows to 30.</param>
/// <param name="Start">Where the first poll begins: <c>now</c> (default), <c>everything</c>, or an instant such as 2026-01-31T00:00:00Z.</param>
/// <param name="CaCertificate">PEM of the authorities to trust instead of the system's.</param>
public sealed record KeycloakRequest(
    string? BaseUrl = null,
    string? Realm = null,
    string? ClientId = null,
    string? ClientSecret = null,
    IReadOnlyList<string>? Streams = null,
    int? PollIntervalSeconds = null,
    string? Start = null,
    string? CaCertificate = null)
{
    /// <summary>Hides the secrets, should somebody write a request to a log.</summary>
    public override string ToString() => "KeycloakRequest { *** }";
}

/// <summary>A source as it is in force.</summary>
public sealed record SourceResponse(
    int Id,
    string Name,
    string Kind,
    bool Enabled,
    KeycloakResponse? Keycloak,
    int Version,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt);

/// <summary>A Keycloak realm as shown.</summary>
public sealed record KeycloakResponse(
    string BaseUrl,
    string Realm,
    string ClientId,
    bool ClientSecretSet,
    IReadOnlyList<string> Streams,
    int PollIntervalSeconds,
    string Start,
    string? CaCertificate);

/// <summary>A page of a list.</summary>
public sealed record SourceList(IReadOnlyList<SourceResponse> Items, int Total, int Page, int PageSize);
