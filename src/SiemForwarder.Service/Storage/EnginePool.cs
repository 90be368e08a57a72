namespace SiemForwarder.Service.Storage;

/// <summary>A named group of engines in one network zone.</summary>
internal sealed class EnginePool
{
    public const string Default = "default";

    public required string Name { get; set; }

    public required string Description { get; set; }

    /// <summary>Name of the configuration file that manages it; null if none.</summary>
    public string? ManagedBy { get; set; }

    public DateTimeOffset CreatedAt { get; set; }
}
