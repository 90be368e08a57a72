namespace SiemForwarder.Service.Sources;

/// <summary>The validated settings of a Keycloak realm.</summary>
internal sealed record KeycloakDefinition(
    string BaseUrl, string Realm, string ClientId, IReadOnlyList<string> Streams, int PollIntervalSeconds, string Start, string? CaCertificate,
    bool AllowDuplicate = false, string? Proxy = null, string? Fingerprint = null)
{
    /// <summary>How the client authenticates, one of <see cref="CredentialRules.Ways"/>; null for its secret.</summary>
    public string? Authentication { get; init; }

    public string? KeyId { get; init; }

    public string? ClientCertificate { get; init; }

    /// <summary>Whether the client's secret goes to the same server, realm and client, by the same route and with the same trust settings.</summary>
    public bool LeadsTo(KeycloakDefinition other) =>
        Root(BaseUrl) == Root(other.BaseUrl) && Realm == other.Realm && ClientId == other.ClientId && CaCertificate == other.CaCertificate
        && Proxy == other.Proxy && Fingerprint == other.Fingerprint;

    // With and without /auth is the same server, because both are tried.
    private static string Root(string url)
    {
        var plain = Uri.TryCreate(url, UriKind.Absolute, out var parsed) ? parsed.AbsoluteUri.TrimEnd('/') : url;
        return plain.EndsWith("/auth", StringComparison.Ordinal) ? plain[..^"/auth".Length] : plain;
    }
}
