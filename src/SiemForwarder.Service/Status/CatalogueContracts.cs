namespace SiemForwarder.Service.Status;

/// <summary>An event type of the catalogue.</summary>
/// <param name="Type">Name as in every format: <c>LOGIN_ERROR</c>, <c>CREATE-USER</c>.</param>
/// <param name="Name">Display name of the type.</param>
/// <param name="Description">One sentence that helps to decide whether to store or forward it.</param>
/// <param name="Kind"><c>user</c>, <c>admin</c> or <c>application</c> (pushed).</param>
/// <param name="Category">First ECS category.</param>
/// <param name="Severity">Severity from 0 to 10, as in CEF.</param>
/// <param name="FailureSeverity">Severity of an event with an error.</param>
/// <param name="Recommended">Whether realms should store it for security reasons.</param>
/// <param name="StoredByDefault">Whether Keycloak stores it by default once saving events is enabled.</param>
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
