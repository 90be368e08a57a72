namespace SiemForwarder.Service.Status;

/// <summary>What the catalogue knows of an event type.</summary>
/// <param name="Type">Name as in every format: <c>LOGIN_ERROR</c>, <c>CREATE-USER</c>.</param>
/// <param name="Name">The type in words.</param>
/// <param name="Description">One sentence for people who choose what to store or forward.</param>
/// <param name="Kind"><c>user</c>, <c>admin</c> or <c>application</c> (pushed).</param>
/// <param name="Category">First ECS category.</param>
/// <param name="Severity">0 to 10 as in CEF.</param>
/// <param name="FailureSeverity">The same when the event carries an error.</param>
/// <param name="Recommended">Whether a realm should store it for security.</param>
/// <param name="StoredByDefault">Whether Keycloak stores it without being told to, once events are saved.</param>
public sealed record EventTypeResponse(
    string Type, string Name, string Description, string Kind, string Category, int Severity, int FailureSeverity, bool Recommended, bool StoredByDefault);

/// <summary>A kind of destination.</summary>
/// <param name="Id">Value of an integration's field <c>destination</c>.</param>
/// <param name="DefaultPorts">Default port by URL scheme.</param>
/// <param name="Acceptance"><c>handed over</c>, <c>acknowledged</c> or <c>indexed</c>.</param>
public sealed record DestinationResponse(
    string Id, string Name, string Description, IReadOnlyDictionary<string, int> DefaultPorts, string Acceptance,
    IReadOnlyList<DestinationFieldResponse> Fields, string Documentation);

/// <summary>A field that a kind of destination reads.</summary>
public sealed record DestinationFieldResponse(
    string Name, string Type, bool Required, string? Default, bool Secret, IReadOnlyList<string> Choices, string Description);
