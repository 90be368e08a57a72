using System.ComponentModel.DataAnnotations;
using System.Security.Cryptography;
using SiemForwarder.Service.Settings;

namespace SiemForwarder.Service.Engines;

/// <summary>What this process is and does; section <c>Forwarder:Engine</c>.</summary>
internal sealed class EngineOptions
{
    public const string Section = "Forwarder:Engine";

    public const string Poll = "poll";
    public const string Dispatch = "dispatch";

    // Containers may share a host name, and their process id is often 1.
    private static readonly string UsualName =
        $"{Environment.MachineName}-{Environment.ProcessId}-{RandomNumberGenerator.GetHexString(6, lowercase: true)}";

    /// <summary>Engine name in status and records; must be unique among the engines of one database. The generated name stays the same while the process
    /// runs.</summary>
    [Required]
    [DefaultInWords("host name, process id and six random digits")]
    public string Name { get; set; } = UsualName;

    /// <summary>What the engine does besides serving the API: <c>poll</c>, <c>dispatch</c>, both (if empty) or <c>api</c> alone.</summary>
    [EachOneOf("api", Poll, Dispatch)]
    public IList<string> Roles { get; set; } = [];

    /// <summary>Pools whose integrations it may run; <c>default</c> if empty.</summary>
    public IList<string> Pools { get; set; } = [];

    /// <summary>How long a lease lasts without renewal; after that, a dead engine's work moves.</summary>
    public TimeSpan LeaseDuration { get; set; } = TimeSpan.FromSeconds(6);

    /// <summary>How often leases are renewed and work is distributed.</summary>
    public TimeSpan LeaseInterval { get; set; } = TimeSpan.FromSeconds(1.5);

    public bool Has(string role) => Roles.Count == 0 || Roles.Contains(role, StringComparer.OrdinalIgnoreCase);

    public string[] EffectiveRoles => Roles.Count == 0 ? ["api", Poll, Dispatch] : [.. Roles.Select(role => role.ToLowerInvariant())];

    public string[] EffectivePools => Pools.Count == 0 ? [Storage.EnginePool.Default] : [.. Pools];
}
