namespace SiemForwarder.Service.Storage;

/// <summary>A source of events, as stored.</summary>
internal sealed class Source
{
    public int Id { get; set; }

    public required string Name { get; set; }

    /// <summary><c>keycloak</c>, <c>http</c> or <c>forwarder</c>.</summary>
    public required string Kind { get; set; }

    public bool Enabled { get; set; }

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
}
