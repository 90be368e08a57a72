namespace SiemForwarder.Events;

/// <summary>What the catalogue knows of an event type; the row that formatters map from.</summary>
public sealed record EventDescription
{
    /// <summary>Constant text for the type, in words, without any variable data: <c>User login failed</c>.</summary>
    public required string Name { get; init; }

    /// <summary>First ECS category: <c>authentication</c>, <c>iam</c>, <c>configuration</c>, <c>api</c>.</summary>
    public required string Category { get; init; }

    /// <summary>The type that this describes: <c>LOGIN_ERROR</c>, <c>CREATE-USER</c>.</summary>
    public string Type { get; init; } = "";

    /// <summary>One id for one deed, where the type means several: <c>UPDATE-USER:disable</c>; null where the type alone tells.</summary>
    public string? SignatureId { get; init; }

    public EventKind Kind { get; init; }

    /// <summary>One sentence for people who choose which types to store or forward.</summary>
    public string Summary { get; init; } = "";

    /// <summary>Classes of the type in the schemas of SIEMs.</summary>
    public EventClassification Classification { get; init; } = EventClassification.Unclassified;

    /// <summary>Severity of the type as such, 0 to 10 as in CEF.</summary>
    public int Severity { get; init; }

    /// <summary>Severity when the event carries an error, 0 to 10.</summary>
    public int FailureSeverity { get; init; }

    /// <summary>True for types that matter to security, so that a realm should store them.</summary>
    public bool Recommended { get; init; }

    /// <summary>True where a realm that saves events stores the type without being told to.</summary>
    public bool StoredByDefault { get; init; }

    /// <summary>How what the type tells of ended, where an event does not say; null for Keycloak's, which always do.</summary>
    public EventOutcome? UsualOutcome { get; init; }

    /// <summary>What sort of thing events of the type are about, where it is no account: <c>Certificate</c>; null for Keycloak's, which
    /// name it themselves.</summary>
    public string? ObjectType { get; init; }

    /// <summary>False for a type that the catalogue does not list; such events pass, and are counted.</summary>
    public bool IsKnown { get; init; } = true;
}
