using System.ComponentModel.DataAnnotations;
using SiemForwarder.Service.Integrations;

namespace SiemForwarder.Service.Dispatch.Replays;

/// <summary>Which stored events shall be sent again: between times, between positions, or everything.</summary>
/// <param name="Sources">Ids of the sources; those of the integration by default.</param>
/// <param name="From">Earliest time of an event.</param>
/// <param name="To">Time before which an event happened.</param>
/// <param name="FirstPosition">First position; needs exactly one source.</param>
/// <param name="LastPosition">Last position; needs exactly one source.</param>
/// <param name="Filter">Which of them, besides the filter of the integration.</param>
/// <param name="EventsPerSecond">Most events per second, 1 to 100000; 500 by default, so that live traffic keeps its way.</param>
/// <param name="By">Ignored: who asks for it is the caller. Kept for those who send it.</param>
/// <param name="DryRun">True to be told what would be sent instead of sending it.</param>
/// <param name="Everything">True for all stored events; needed where neither times nor positions bound them.</param>
public sealed record ReplayRequest(
    IReadOnlyList<int>? Sources = null, DateTimeOffset? From = null, DateTimeOffset? To = null, long? FirstPosition = null, long? LastPosition = null,
    FilterContract? Filter = null, [property: Range(1, 100_000)] int? EventsPerSecond = null, string? By = null, bool? DryRun = null,
    bool? Everything = null);

/// <summary>What a replay would send.</summary>
/// <param name="Events">Events.</param>
/// <param name="Bytes">Their bytes as formatted.</param>
/// <param name="EstimatedSeconds">How long it takes at its rate.</param>
/// <param name="DuplicatesExpected">How many of the events the destination was sent before, by the records of the deliveries.</param>
/// <param name="IsExact">False where the count took too long and was projected.</param>
/// <param name="Ranges">Positions that it reads.</param>
public sealed record ReplayEstimateResponse(
    long Events, long Bytes, long EstimatedSeconds, long DuplicatesExpected, bool IsExact, IReadOnlyList<ReplayRangeResponse> Ranges);

/// <summary>Positions of one source, and how far they are done.</summary>
public sealed record ReplayRangeResponse(int Source, long FirstPosition, long LastPosition, long DonePosition);

/// <summary>A replay or backfill and how far it is.</summary>
/// <param name="Kind"><c>replay</c> (its events say that they are delivered again) or <c>backfill</c> (history sent for the first time).</param>
/// <param name="State"><c>running</c>, <c>done</c> or <c>cancelled</c>.</param>
/// <param name="Delivered">Events accepted so far.</param>
/// <param name="Missing">Events that were not in the log any more.</param>
/// <param name="Percent">How much of its positions is done.</param>
/// <param name="EstimatedSecondsLeft">At the speed so far; null before there is one, or where it does not run.</param>
/// <param name="Error">Why it waits; null while it goes on.</param>
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

/// <summary>What a replay would send, as counted.</summary>
internal sealed record ReplayEstimate(
    long Events, long Bytes, long EstimatedSeconds, long DuplicatesExpected, bool IsExact, IReadOnlyList<ReplayRange> Ranges);
