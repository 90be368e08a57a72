namespace SiemForwarder.Events;

/// <summary>Which events an integration wants: those that match <c>include</c> (or all) and do not match <c>exclude</c>.</summary>
public sealed record EventFilter(EventMatch? Include, EventMatch? Exclude)
{
    public static readonly EventFilter Everything = new(null, null);
}

/// <summary>One side of a filter: an event matches when it matches every list that is not empty.</summary>
public sealed record EventMatch
{
    public IReadOnlyList<string> Types { get; init; } = [];

    public IReadOnlyList<string> Categories { get; init; } = [];

    public IReadOnlyList<string> Outcomes { get; init; } = [];

    public int? MinimumSeverity { get; init; }

    public IReadOnlyList<string> Clients { get; init; } = [];

    public IReadOnlyList<string> Users { get; init; } = [];
}
