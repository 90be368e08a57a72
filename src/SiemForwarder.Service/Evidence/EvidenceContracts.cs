using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using Microsoft.AspNetCore.Mvc;

namespace SiemForwarder.Service.Evidence;

/// <summary>What to search for; all given criteria must match.</summary>
public record EventCriteria
{
    [FromQuery(Name = "time"), Description("The time that from, to and the order refer to: event (default), when it happened; receipt, when it was stored."),
        AllowedValues("event", "receipt")]
    public string? Time { get; init; }

    [FromQuery(Name = "from"), Description("Earliest time, inclusive; by default 24 hours before to, or before now.")]
    public DateTimeOffset? From { get; init; }

    [FromQuery(Name = "to"), Description("Latest time, exclusive; none by default.")]
    public DateTimeOffset? To { get; init; }

    [FromQuery(Name = "source"), Description("Id of a source.")]
    public int? Source { get; init; }

    [FromQuery(Name = "type"), Description("Event type, exactly; a trailing * matches any ending.")]
    public string? Type { get; init; }

    [FromQuery(Name = "category"), Description("Category of the catalogue: authentication, iam, session …")]
    public string? Category { get; init; }

    [FromQuery(Name = "outcome"), Description("success, failure or unknown."), AllowedValues("success", "failure", "unknown")]
    public string? Outcome { get; init; }

    [FromQuery(Name = "user"), Description("User name or id, case-insensitive.")]
    public string? User { get; init; }

    [FromQuery(Name = "client"), Description("Client id, exactly.")]
    public string? Client { get; init; }

    [FromQuery(Name = "session"), Description("Id of a session, exactly.")]
    public string? Session { get; init; }

    [FromQuery(Name = "ip"), Description("IPv4 or IPv6 address or network: 192.0.2.1, 10.0.0.0/8, 2001:db8::/32.")]
    public string? Ip { get; init; }
}

/// <summary>What to search for, and which page of it to list.</summary>
public sealed record EventQuery : EventCriteria
{
    [FromQuery(Name = "page"), Description("From 1 (default)."), Range(1, 1_000_000)]
    public int? Page { get; init; }

    [FromQuery(Name = "pageSize"), Description("1 to 500; 50 by default."), Range(1, 500)]
    public int? PageSize { get; init; }
}

/// <summary>One found event.</summary>
/// <param name="EventId">The <c>event_id</c> as delivered; use it to get the journey of the event.</param>
/// <param name="Position">Position in the log of its source.</param>
public sealed record FoundEvent(
    string EventId, int Source, long Position, DateTimeOffset OccurredAt, DateTimeOffset ReceivedAt, string Type, string Category, string Outcome,
    int Severity, string? UserId, string? UserName, string? ClientId, string? Ip, string? SessionId);

/// <summary>The time range that a search covered.</summary>
/// <param name="Time"><c>event</c> or <c>receipt</c>: which time the range refers to.</param>
/// <param name="From">Earliest time, inclusive.</param>
/// <param name="To">Latest time, exclusive; null if open-ended.</param>
public sealed record SearchWindow(string Time, DateTimeOffset From, DateTimeOffset? To);

/// <summary>A page of found events, newest first.</summary>
/// <param name="Total">The number of matches, counted up to 10,000.</param>
/// <param name="TotalIsExact">False if there are more than were counted.</param>
/// <param name="IndexLag">The number of stored events that are not indexed yet.</param>
/// <param name="Window">The time range that was searched, with defaults filled in.</param>
public sealed record EventList(
    IReadOnlyList<FoundEvent> Items, int Total, bool TotalIsExact, long IndexLag, int Page, int PageSize, SearchWindow Window);

/// <summary>An event as received, as normalized, and its outcome at each integration.</summary>
/// <param name="AsReceived">The text that the source sent, secrets masked.</param>
/// <param name="Normalized">The event in the native schema.</param>
/// <param name="Integrations">Its outcome at each integration.</param>
public sealed record EventJourney(
    string EventId, int Source, string SourceName, long Position, DateTimeOffset OccurredAt, DateTimeOffset ReceivedAt, string AsReceived,
    JsonElement Normalized, IReadOnlyList<EventFate> Integrations);

/// <summary>The outcome of an event at one integration.</summary>
/// <param name="State"><c>waiting</c>, <c>delivered</c>, <c>set aside</c>, <c>discarded</c>, <c>filtered out</c>, <c>not selected</c> or
/// <c>before start</c>.</param>
/// <param name="Explanation">The state in a sentence.</param>
/// <param name="Delivery">The delivery that contained it.</param>
public sealed record EventFate(int Integration, string Name, bool Enabled, string State, string Explanation, DeliveryResponse? Delivery);

/// <summary>One accepted batch.</summary>
/// <param name="Sha256">SHA-256 of the formatted bytes of the batch, in hexadecimal.</param>
/// <param name="Filtered">Positions between first and last that the filter excluded.</param>
/// <param name="Replay">Replay or backfill that it belongs to; null for live traffic.</param>
public sealed record DeliveryResponse(
    long Id, int Source, long FirstPosition, long LastPosition, int Events, long Bytes, string Sha256, int Attempts, string Answer,
    IReadOnlyList<string> Filtered, DateTimeOffset DeliveredAt, long? Replay = null);

/// <summary>A page of deliveries, newest first.</summary>
public sealed record DeliveryList(IReadOnlyList<DeliveryResponse> Items, long Total, int Page, int PageSize);

/// <summary>An event that a destination rejected permanently.</summary>
/// <param name="Text">The exact bytes as text, as far as possible; null for callers who may not read events.</param>
/// <param name="BytesBase64">The exact bytes; null for callers who may not read events.</param>
/// <param name="State"><c>open</c>, <c>requested</c> (to be sent again), <c>delivered</c> (after all) or <c>discarded</c>.</param>
/// <param name="Note">The result of sending it again, or why it was discarded.</param>
/// <param name="Reason">Why it was set aside.</param>
/// <param name="Answer">The response of the destination.</param>
/// <param name="MappingVersion">Version of the mapping that produced these bytes; a redrive with <c>renderAgain</c> uses the current one.</param>
public sealed record SetAsideResponse(
    long Id, int Source, long Position, string EventId, string EventType, DateTimeOffset OccurredAt, string? Text, string? BytesBase64, string Reason,
    string Answer, DateTimeOffset SetAsideAt, string State, string? Note, DateTimeOffset? DecidedAt, int MappingVersion);

/// <summary>A page of set-aside events, newest first.</summary>
public sealed record SetAsideList(IReadOnlyList<SetAsideResponse> Items, long Total, int Page, int PageSize);
