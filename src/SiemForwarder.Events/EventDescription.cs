namespace SiemForwarder.Events;

/// <summary>The catalogue's description of an event type; formatters map from it.</summary>
public sealed record EventDescription
{
    /// <summary>Constant text for the type, without any variable data: <c>User login failed</c>.</summary>
    public required string Name { get; init; }

    /// <summary>First ECS category: <c>authentication</c>, <c>iam</c>, <c>configuration</c>, <c>api</c>.</summary>
    public required string Category { get; init; }

    /// <summary>The described type: <c>LOGIN_ERROR</c>, <c>CREATE-USER</c>.</summary>
    public string Type { get; init; } = "";

    /// <summary>A distinct id for one activity if the type covers several: <c>UPDATE-USER:disable</c>; null if the type alone is sufficient.</summary>
    public string? SignatureId { get; init; }

    public EventKind Kind { get; init; }

    /// <summary>One sentence to help people choose which types to store or forward.</summary>
    public string Summary { get; init; } = "";

    /// <summary>The type's classes in the schemas of SIEMs.</summary>
    public EventClassification Classification { get; init; } = EventClassification.Unclassified;

    /// <summary>Base severity of the type, 0 to 10 as in CEF.</summary>
    public int Severity { get; init; }

    /// <summary>Severity if the event carries an error, 0 to 10.</summary>
    public int FailureSeverity { get; init; }

    /// <summary>True for security-relevant types that a realm should store.</summary>
    public bool Recommended { get; init; }

    /// <summary>True if a realm that saves events stores the type by default.</summary>
    public bool StoredByDefault { get; init; }

    /// <summary>The outcome to assume if an event does not state one; null for Keycloak's types, which always do.</summary>
    public EventOutcome? UsualOutcome { get; init; }

    /// <summary>The kind of object that events of the type concern, if not an account: <c>Certificate</c>; null for Keycloak's types, which
    /// state it themselves.</summary>
    public string? ObjectType { get; init; }

    /// <summary>False for a type that the catalogue does not list; such events are forwarded, and counted.</summary>
    public bool IsKnown { get; init; } = true;
}
