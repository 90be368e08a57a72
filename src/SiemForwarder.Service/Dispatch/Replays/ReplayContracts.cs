using System.ComponentModel.DataAnnotations;
using SiemForwarder.Service.Integrations;

namespace SiemForwarder.Service.Dispatch.Replays;

/// <summary>Which stored events to send again: a time range, a range of positions, or everything.</summary>
/// <param name="Sources">Ids of the sources; the integration's sources by default.</param>
/// <param name="From">Earliest event time, inclusive.</param>
/// <param name="To">Latest event time, exclusive.</param>
/// <param name="FirstPosition">First position; requires exactly one source.</param>
/// <param name="LastPosition">Last position; requires exactly one source.</param>
/// <param name="Filter">A filter in addition to that of the integration.</param>
/// <param name="EventsPerSecond">Maximum number of events per second, 1 to 100000; 500 by default, so that live traffic is not held up.</param>
/// <param name="By">Ignored: the caller is recorded instead. Accepted for compatibility.</param>
/// <param name="DryRun">True to estimate what would be sent instead of sending it.</param>
/// <param name="Everything">True for all stored events; required if no times or positions are given.</param>
public sealed record ReplayRequest(
    IReadOnlyList<int>? Sources = null, DateTimeOffset? From = null, DateTimeOffset? To = null, long? FirstPosition = null, long? LastPosition = null,
    FilterContract? Filter = null, [property: Range(1, 100_000)] int? EventsPerSecond = null, string? By = null, bool? DryRun = null,
    bool? Everything = null);

/// <summary>What a replay would send.</summary>
/// <param name="Events">Number of events.</param>
/// <param name="Bytes">Their size in bytes as formatted.</param>
/// <param name="EstimatedSeconds">How long it would take at its rate.</param>
/// <param name="DuplicatesExpected">How many of the events were already delivered to the destination, according to the delivery records.</param>
/// <param name="IsExact">False if counting took too long and the number is an estimate.</param>
/// <param name="Ranges">The ranges of positions that it reads.</param>
public sealed record ReplayEstimateResponse(
    long Events, long Bytes, long EstimatedSeconds, long DuplicatesExpected, bool IsExact, IReadOnlyList<ReplayRangeResponse> Ranges);

/// <summary>A range of positions of one source, and its progress.</summary>
public sealed record ReplayRangeResponse(int Source, long FirstPosition, long LastPosition, long DonePosition);

/// <summary>A replay or backfill and its progress.</summary>
/// <param name="Kind"><c>replay</c> (its events are marked as delivered again) or <c>backfill</c> (history sent for the first time).</param>
/// <param name="State"><c>running</c>, <c>done</c> or <c>cancelled</c>.</param>
/// <param name="Delivered">Events accepted so far.</param>
/// <param name="Missing">Events that were no longer in the log.</param>
/// <param name="Percent">The percentage of its positions that are done.</param>
/// <param name="EstimatedSecondsLeft">Estimated from the speed so far; null if there is none yet, or if it is not running.</param>
/// <param name="Error">Why it is waiting; null while it makes progress.</param>
public sealed record ReplayResponse(
    long Id, string Kind, string State, DateTimeOffset? From, DateTimeOffset? To, int EventsPerSecond, long Delivered, long Bytes, long Missing, double Percent,
    long? EstimatedSecondsLeft, string? Error, DateTimeOffset? NextAttemptAt, string By, DateTimeOffset CreatedAt, DateTimeOffset? FinishedAt,
    IReadOnlyList<ReplayRangeResponse> Ranges)
{
    internal static ReplayResponse Of(Replay replay, DateTimeOffset now)
    {
        var total = replay.Ranges.Sum(range => range.Length);
        var done = replay.Ranges.Sum(range => range.Position - range.FirstPosition + 1);
        long? left = replay is { State: Replay.Running, StartedAt: { } started } && done > 0
            ? (long)Math.Ceiling((now - started).TotalSeconds * (total - done) / done)
            : null;
        return new ReplayResponse(
            replay.Id, replay.Kind, replay.State, replay.Definition.From, replay.Definition.To, replay.EventsPerSecond, replay.Delivered, replay.Bytes,
            replay.Missing,
            total == 0 ? 100 : Math.Round(100.0 * done / total, 1), left, replay.Error, replay.NextAttemptAt, replay.CreatedBy, replay.CreatedAt,
            replay.FinishedAt,
            Show(replay.Ranges));
    }

    internal static IReadOnlyList<ReplayRangeResponse> Show(IReadOnlyList<ReplayRange> ranges) =>
        [.. ranges.Select(range => new ReplayRangeResponse(range.SourceId, range.FirstPosition, range.LastPosition, range.Position))];
}

/// <summary>The counted estimate of what a replay would send.</summary>
internal sealed record ReplayEstimate(
    long Events, long Bytes, long EstimatedSeconds, long DuplicatesExpected, bool IsExact, IReadOnlyList<ReplayRange> Ranges);
