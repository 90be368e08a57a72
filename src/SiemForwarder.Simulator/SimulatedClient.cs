namespace SiemForwarder.Simulator;

/// <summary>The confidential client of a simulated realm and its service account; every property may be changed while the server is running.</summary>
public sealed class SimulatedClient
{
    public string ClientId { get; set; } = "siem-forwarder";

    public string Secret { get; set; } = "siem-forwarder-secret";

    public bool Enabled { get; set; } = true;

    public bool IsPublic { get; set; }

    public bool ServiceAccountEnabled { get; set; } = true;

    public bool ServiceAccountUserEnabled { get; set; } = true;

    /// <summary>Roles of <c>realm-management</c> held by the service account.</summary>
    public IReadOnlyList<string> Roles { get; set; } = ["view-events"];

    /// <summary>If false, the service account's roles are not included in its tokens.</summary>
    public bool FullScopeAllowed { get; set; } = true;

    public TimeSpan TokenLifetime { get; set; } = TimeSpan.FromSeconds(300);
}
