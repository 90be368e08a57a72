namespace SiemForwarder.Events;

/// <summary>Creates the marked event that the test of an integration sends.</summary>
public static class TestEvent
{
    public const string Type = "SIEMFORWARDER_TEST";

    private static readonly EventDescription Description = new()
    {
        Name = "SiemForwarder test event",
        Category = "configuration",
        Type = Type,
        Kind = EventKind.Operational,
        Summary = "Sent to test an integration; nothing happened.",
        Classification = EventClassification.Unclassified with { Action = "test", EcsCategories = ["configuration"] },
        Severity = 1,
        FailureSeverity = 1,
    };

    /// <summary>A test event that is not in any log.</summary>
    /// <param name="source">Source whose name the event carries.</param>
    /// <param name="id">Id to search for at the destination.</param>
    /// <param name="at">When the test was requested.</param>
    public static SecurityEvent Create(EventSource source, string id, DateTimeOffset at) => new()
    {
        Id = id,
        Kind = EventKind.Operational,
        Type = Type,
        Description = Description,
        OccurredAt = at.ToUniversalTime(),
        ReceivedAt = at.ToUniversalTime(),
        Outcome = EventOutcome.Success,
        Severity = 1,
        Source = source,
        Position = 0,
        IsTest = true,
    };
}
