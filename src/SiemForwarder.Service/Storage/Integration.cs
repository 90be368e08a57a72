namespace SiemForwarder.Service.Storage;

/// <summary>A stored integration: the configuration for sending events to one SIEM.</summary>
internal sealed class Integration
{
    public int Id { get; set; }

    public required string Name { get; set; }

    public required string Description { get; set; }

    public bool Enabled { get; set; }

    /// <summary>When sending was paused; null if it is not paused.</summary>
    public DateTimeOffset? PausedAt { get; set; }

    /// <summary>Who paused it.</summary>
    public string? PausedBy { get; set; }

    public string? PauseReason { get; set; }

    public required string EnginePool { get; set; }

    /// <summary>Kind id of the destination catalogue.</summary>
    public required string Destination { get; set; }

    /// <summary>Id of the preset that supplied omitted settings; null if none was named.</summary>
    public string? Preset { get; set; }

    /// <summary>The URL as displayed and searched; never contains credentials.</summary>
    public required string ServerUrl { get; set; }

    /// <summary>The validated settings as JSON, without secrets.</summary>
    public required string Definition { get; set; }

    /// <summary>The encrypted secrets; null if there are none.</summary>
    public byte[]? Secrets { get; set; }

    /// <summary>Name of the configuration file that manages it; null if none.</summary>
    public string? ManagedBy { get; set; }

    /// <summary>Incremented with each change; the entity tag of the API.</summary>
    public int Version { get; set; }

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset UpdatedAt { get; set; }

    public Integration Copy() => (Integration)MemberwiseClone();
}
