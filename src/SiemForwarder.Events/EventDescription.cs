namespace SiemForwarder.Events;

/// <summary>What the catalogue knows of an event type; the row that formatters map from.</summary>
public sealed record EventDescription
{
    /// <summary>Constant text for the type, in words, without any variable data: <c>User login failed</c>.</summary>
    public required string Name { get; init; }

    /// <summary>First ECS category: <c>authentication</c>, <c>iam</c>, <c>configuration</c>, <c>api</c>.</summary>
    public required string Category { get; init; }
}
