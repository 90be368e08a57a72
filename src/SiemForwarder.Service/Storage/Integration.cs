namespace SiemForwarder.Service.Storage;

/// <summary>The stored wish to send events to one SIEM.</summary>
internal sealed class Integration
{
    public int Id { get; set; }

    public required string Name { get; set; }

    public required string Description { get; set; }

    public bool Enabled { get; set; }

    /// <summary>Since when sending is paused; null while it is not.</summary>
    public DateTimeOffset? PausedAt { get; set; }

    /// <summary>Who paused it.</summary>
    public string? PausedBy { get; set; }

    public string? PauseReason { get; set; }

    public required string EnginePool { get; set; }

    /// <summary>Kind id of the destination catalogue.</summary>
    public required string Destination { get; set; }

    /// <summary>Id of the preset that filled what was left out; null where none was named.</summary>
    public string? Preset { get; set; }

    /// <summary>URL as shown and searched; never holds credentials.</summary>
    public required string ServerUrl { get; set; }

    /// <summary>The validated settings as JSON, secrets left out.</summary>
    public required string Definition { get; set; }

    /// <summary>The secrets, encrypted; null where there are none.</summary>
    public byte[]? Secrets { get; set; }

    /// <summary>Name of the configuration file that manages it; null where none does.</summary>
    public string? ManagedBy { get; set; }

    /// <summary>Counts the changes; the entity tag of the API.</summary>
    public int Version { get; set; }

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset UpdatedAt { get; set; }

    public Integration Copy() => (Integration)MemberwiseClone();
}
