using System.Text.Json.Serialization;

namespace SiemForwarder.Service.Status;

/// <summary>How an integration is doing.</summary>
/// <param name="Status"><c>Success</c>, <c>Error</c>, <c>Not yet invoked</c> or <c>Disabled</c>.</param>
/// <param name="Since">Since when it is so.</param>
/// <param name="LastAttemptAt">When something was last sent, successfully or not.</param>
/// <param name="LastSuccessAt">When the destination last accepted something.</param>
/// <param name="Acceptance">Which kind of success this destination can give: <c>handed over</c>, <c>acknowledged</c> or <c>indexed</c>.</param>
/// <param name="LastError">What went wrong last, also after it is mended; or, as RateLimited beside Success, that the destination took
/// everything and asks for fewer; or, as Rejected beside Success, that it took a batch but for some of its events.</param>
/// <param name="Backlog">Stored events that it has not got yet, before its filter.</param>
/// <param name="OldestUndeliveredAt">When the oldest of them happened.</param>
/// <param name="SetAside">Events that the destination refused for good.</param>
/// <param name="NextAttemptAt">When the next round starts, where it waits for one.</param>
/// <param name="Engine">Engine that ran it last.</param>
/// <param name="Paused">Who paused sending and since when; null while it is not paused.</param>
/// <param name="Warnings">Certificates and tokens that end within 30 days. Absent where there are none.</param>
public sealed record IntegrationStatusResponse(
    string Status,
    DateTimeOffset? Since,
    DateTimeOffset? LastAttemptAt,
    DateTimeOffset? LastSuccessAt,
    string Acceptance,
    StatusError? LastError,
    long Backlog,
    DateTimeOffset? OldestUndeliveredAt,
    long SetAside,
    DateTimeOffset? NextAttemptAt,
    string? Engine,
    PauseStatus? Paused = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<string>? Warnings = null);

/// <summary>Sending is paused: pulling and storing go on, and nothing is dropped meanwhile.</summary>
/// <param name="Since">Since when.</param>
/// <param name="By">Who paused it.</param>
/// <param name="Reason">Why, where it was said.</param>
public sealed record PauseStatus(DateTimeOffset Since, string By, string? Reason);

/// <summary>What went wrong last.</summary>
/// <param name="Category">Sort of fault: NameResolution, Connection, Tls, Timeout, Authentication, Authorization, Configuration,
/// RateLimited, ServerError, Rejected, Database, Internal.</param>
/// <param name="Message">What happened and what to do.</param>
/// <param name="At">When.</param>
public sealed record StatusError(string Category, string Message, DateTimeOffset At);
