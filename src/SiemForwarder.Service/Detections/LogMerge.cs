using SiemForwarder.Detections;
using SiemForwarder.Detections.Alerts;
using SiemForwarder.Detections.Fields;
using SiemForwarder.Detections.Rules;
using SiemForwarder.Events;
using SiemForwarder.Service.EventLog;

namespace SiemForwarder.Service.Detections;

/// <summary>The next events of one log.</summary>
/// <param name="Segment">Segment that holds them.</param>
/// <param name="First">Index of the first in it.</param>
/// <param name="End">Index behind the last.</param>
/// <param name="Lost">Positions before them that the log no longer holds.</param>
internal readonly record struct MergedPart(LogSegment Segment, int First, int End, long Lost)
{
    public FollowedRange Range => new(Segment.SourceId, Segment.FirstPosition + First, Segment.FirstPosition + End - 1);
}

/// <summary>Reads several logs as one, in the order in which their events were received, so that rules over all sources see them side by side.</summary>
internal sealed class LogMerge(IEventLog log, ISourceDirectory sources, SegmentNormalizer normalizer, LocalCalendar calendar)
{
    private static readonly LogSource OwnEvents = new("forwarder", "audit", null);

    private readonly Dictionary<string, LogSource> applications = new(StringComparer.Ordinal);

    /// <summary>The next events of the log that is furthest behind; null if all are read.</summary>
    /// <param name="positions">Up to where each log was read.</param>
    /// <param name="ends">Up to where each is to be read; null for its end.</param>
    /// <param name="maxEvents">Events to return at most.</param>
    /// <param name="cancellationToken">Cancels the attempt.</param>
    public async ValueTask<MergedPart?> ReadAsync(
        IReadOnlyDictionary<int, long> positions, IReadOnlyDictionary<int, long>? ends, int maxEvents, CancellationToken cancellationToken)
    {
        LogSegment? next = null;
        foreach (var (sourceId, position) in positions)
        {
            var segment = position >= (ends?.GetValueOrDefault(sourceId) ?? long.MaxValue) ? null : await log.HoldAsync(sourceId, position, cancellationToken);
            if (segment is not null && (next is null || segment.ReceivedAt < next.ReceivedAt))
            {
                (segment, next) = (next, segment);
            }

            segment?.Body.Release();
        }

        if (next is null)
        {
            return null;
        }

        var lost = Math.Max(0, next.FirstPosition - 1 - positions[next.SourceId]);
        var first = (int)(positions[next.SourceId] + lost + 1 - next.FirstPosition);
        var last = Math.Min(ends?.GetValueOrDefault(next.SourceId) ?? long.MaxValue, next.LastPosition);
        var end = (int)Math.Min(last - next.FirstPosition + 1, (long)first + maxEvents);
        return end <= first ? null : new MergedPart(next, first, end, lost);
    }

    /// <summary>Lets the rules follow some events, and releases their segment: each part is followed once.</summary>
    /// <param name="engine">The rules.</param>
    /// <param name="part">The events.</param>
    /// <param name="alerts">Filled with what they raise.</param>
    /// <param name="cancellationToken">Cancels the attempt.</param>
    public async ValueTask FollowAsync(DetectionEngine engine, MergedPart part, List<Alert> alerts, CancellationToken cancellationToken)
    {
        try
        {
            if (IsIdle(engine, part.Segment.SourceId))
            {
                return;
            }

            var source = await sources.GetAsync(part.Segment.SourceId, cancellationToken);
            for (var index = part.First; index < part.End;)
            {
                var slice = normalizer.NormalizeSlice(part.Segment, index, source);
                for (; index < Math.Min(slice.End, part.End); index++)
                {
                    var one = slice[index];
                    engine.Follow(one, SourceOf(one), calendar, alerts);
                }

                cancellationToken.ThrowIfCancellationRequested();
            }
        }
        finally
        {
            part.Segment.Body.Release();
        }
    }

    // Most rules read no alerts; their log is then passed over.
    private static bool IsIdle(DetectionEngine engine, int sourceId) => sourceId == DetectionTables.SourceId && !engine.Rules.ReadsAlerts;

    /// <summary>What rules know the sender of an event as.</summary>
    public LogSource SourceOf(SecurityEvent securityEvent)
    {
        switch (securityEvent.Kind)
        {
            case EventKind.User:
                return LogSource.KeycloakUser;
            case EventKind.Admin:
                return LogSource.KeycloakAdmin;
            case EventKind.Operational:
                return OwnEvents;
            case EventKind.Detection:
                return LogSource.Alerts;
            default:
                if (!applications.TryGetValue(securityEvent.Source.Name, out var known))
                {
                    applications.Add(securityEvent.Source.Name, known = new LogSource("application", securityEvent.Source.Name, null));
                }

                return known;
        }
    }
}
