namespace SiemForwarder.Simulator;

/// <summary>The confidential client of a simulated realm and its service account; every property may be changed while the server runs.</summary>
public sealed class SimulatedClient
{
    public string ClientId { get; set; } = "siem-forwarder";

    public string Secret { get; set; } = "siem-forwarder-secret";

    public bool Enabled { get; set; } = true;

    public bool IsPublic { get; set; }

    public bool ServiceAccountEnabled { get; set; } = true;

    public bool ServiceAccountUserEnabled { get; set; } = true;

    /// <summary>Roles of <c>realm-management</c> that the service account has.</summary>
    public IReadOnlyList<string> Roles { get; set; } = ["view-events"];

    /// <summary>Without it, roles do not get into the token although the service account has them.</summary>
    public bool FullScopeAllowed { get; set; } = true;

    public TimeSpan TokenLifetime { get; set; } = TimeSpan.FromSeconds(300);
}
