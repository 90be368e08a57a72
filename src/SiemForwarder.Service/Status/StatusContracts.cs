using System.Text.Json.Serialization;

namespace SiemForwarder.Service.Status;

/// <summary>The status of an integration.</summary>
/// <param name="Status"><c>Success</c>, <c>Error</c>, <c>Not yet invoked</c> or <c>Disabled</c>.</param>
/// <param name="Since">Since when it has this status.</param>
/// <param name="LastAttemptAt">When the last attempt to send was made, successful or not.</param>
/// <param name="LastSuccessAt">When the destination last accepted a batch.</param>
/// <param name="Acceptance">The strongest confirmation that this destination gives: <c>handed over</c>, <c>acknowledged</c> or <c>indexed</c>.</param>
/// <param name="LastError">The last error, even after recovery. RateLimited with the status Success means that the destination accepted
/// everything but asks to send less; Rejected with Success means that it accepted a batch except for some of its events.</param>
/// <param name="Backlog">Number of stored events not delivered yet, before its filter.</param>
/// <param name="OldestUndeliveredAt">When the oldest undelivered event happened.</param>
/// <param name="SetAside">Number of events that the destination rejected permanently.</param>
/// <param name="NextAttemptAt">When the next round starts, if it is waiting for one.</param>
/// <param name="Engine">Engine that ran it last.</param>
/// <param name="Paused">Who paused sending and since when; null while it is not paused.</param>
/// <param name="Warnings">Certificates and tokens that expire within 30 days. Absent if there are none.</param>
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

/// <summary>Sending is paused: polling and storing continue, and nothing is dropped meanwhile.</summary>
/// <param name="Since">Since when.</param>
/// <param name="By">Who paused it.</param>
/// <param name="Reason">Why, if a reason was given.</param>
public sealed record PauseStatus(DateTimeOffset Since, string By, string? Reason);

/// <summary>The last error.</summary>
/// <param name="Category">Kind of fault: NameResolution, Connection, Tls, Timeout, Authentication, Authorization, Configuration,
/// RateLimited, ServerError, Rejected, Database, Internal.</param>
/// <param name="Message">What happened and what to do.</param>
/// <param name="At">When it happened.</param>
public sealed record StatusError(string Category, string Message, DateTimeOffset At);
