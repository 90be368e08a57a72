namespace SiemForwarder.Service.Storage;

/// <summary>A named group of engines in one network zone.</summary>
internal sealed class EnginePool
{
    public const string Default = "default";

    public required string Name { get; set; }

    public required string Description { get; set; }

    public DateTimeOffset CreatedAt { get; set; }
}
