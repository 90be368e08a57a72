using System.Diagnostics;
using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Dispatch.Delivery;

/// <summary>Measures the deliveries of a lane: once per batch and attempt, never per event.</summary>
internal sealed class DeliveryMeter(DeliveryLane lane, ForwarderTelemetry telemetry, TimeProvider time)
{
    // Enough for a distribution; a large batch must not take longer for being measured.
    private const int MaxLatencies = 64;

    private readonly double[] latencies = new double[MaxLatencies];
    private bool isRepeated;

    public LaneLabels Labels { get; } = new(lane.Integration.Name, lane.Integration.Kind.Id, lane.Name);

    /// <summary>Begins the trace of a batch; null if nobody listens, or if there is nothing to deliver.</summary>
    public Activity? Begin(int sourceId, long afterPosition)
    {
        var span = lane.Log.LastPosition(sourceId) > afterPosition ? ForwarderTracing.StartRoot("deliver") : null;
        span?.SetTag(MetricCatalog.Integration, Labels.Integration).SetTag(MetricCatalog.Destination, Labels.Destination)
            .SetTag(MetricCatalog.Lane, Labels.Lane).SetTag("source.id", sourceId);
        return span;
    }

    /// <summary>Reads the next events; the trace of the batch links to the poll that they came with.</summary>
    public static async ValueTask<SegmentPart?> ReadAsync(LogRun run, CancellationToken cancellationToken)
    {
        var batch = Activity.Current;
        using var reading = ForwarderTracing.Start("read");
        var part = await run.ReadAsync(cancellationToken);
        if (batch is not null && part?.Segment.AppendedIn is { } appended && appended != default && batch.Links.All(link => link.Context != appended))
        {
            batch.AddLink(new ActivityLink(appended));
        }

        return part;
    }

    /// <summary>Begins the part of the trace that normalizes and formats.</summary>
    public static Activity? Formatting() => ForwarderTracing.Start("format");

    /// <summary>Records the outcome of a part of a run in the journal of the lane; false if its checkpoint is no longer this lane's to move.</summary>
    public async Task<bool> RecordAsync(DeliveryRecord record, CancellationToken cancellationToken)
    {
        using var span = ForwarderTracing.Start("checkpoint");
        return await lane.Journal.RecordAsync(record, cancellationToken);
    }

    /// <summary>Sends a batch once, and measures it.</summary>
    public async Task<DeliveryOutcome> SendAsync(DeliveryBatch batch, Func<Task<DeliveryOutcome>> send)
    {
        using var span = ForwarderTracing.Start("send", ActivityKind.Client);
        span?.SetTag("server.address", lane.Integration.Destination.Endpoint.Host).SetTag("server.port", lane.Integration.Destination.Endpoint.Port)
            .SetTag("events", batch.Count).SetTag("bytes", batch.Bytes.Length);
        var began = time.GetTimestamp();
        var outcome = await send();
        var (word, category) = Describe(outcome);
        span?.SetTag(MetricCatalog.Outcome, word);
        if (category is not null)
        {
            span.Fail(category);
        }

        telemetry.BatchSent(Labels, word, category, time.GetElapsedTime(began), isRepeated ? batch.Count : 0);
        isRepeated = outcome is DeliveryOutcome.Transient or DeliveryOutcome.Misconfigured;
        return outcome;
    }

    /// <summary>Counts a part of a run that is recorded.</summary>
    /// <param name="run">The run, with the gaps that no filter excluded.</param>
    /// <param name="part">The events of the part.</param>
    /// <param name="record">What was recorded.</param>
    public void Recorded(AssembledBatch run, DeliveryBatch part, DeliveryRecord record)
    {
        Activity.Current?.SetTag("position.first", run.AfterPosition + 1).SetTag("position.last", run.LastPosition).SetTag("events", run.Batch.Count);
        var excluded = 0L;
        foreach (var range in record.Filtered ?? [])
        {
            excluded += range.UpperBound - range.LowerBound + 1;
        }

        foreach (var gap in run.Gaps)
        {
            excluded -= Math.Max(0, Math.Min(gap.Last, record.LastPosition) - Math.Max(gap.First, record.AfterPosition + 1) + 1);
        }

        telemetry.BatchRecorded(Labels, run.SourceName, record.EventCount, record.ByteCount, excluded);
        if (lane.Name == DeliveryLane.Live && record.EventCount > 0)
        {
            RecordLatencies(part);
        }
    }

    private void RecordLatencies(DeliveryBatch part)
    {
        var now = time.GetUtcNow();
        var events = part.Events;
        var (step, count) = ((part.Count + MaxLatencies - 1) / MaxLatencies, 0);
        for (var i = 0; i < events.Length; i += step)
        {
            latencies[count++] = Math.Max(0, (now - events[i].OccurredAt).TotalSeconds);
        }

        telemetry.Metrics.RecordLatencies(latencies.AsSpan(0, count), new(Labels.Integration, Labels.Destination));
    }

    private static (string Word, string? Category) Describe(DeliveryOutcome outcome) => outcome switch
    {
        DeliveryOutcome.Delivered => ("delivered", null),
        DeliveryOutcome.Partial => ("partial", nameof(ErrorCategory.Rejected)),
        DeliveryOutcome.Transient transient => ("transient", transient.Category.ToString()),
        DeliveryOutcome.Misconfigured misconfigured => ("misconfigured", misconfigured.Category.ToString()),
        _ => ("rejected", nameof(ErrorCategory.Rejected)),
    };
}

/// <summary>Logs that a destination fails: when it begins or fails for another reason, once a minute while it lasts, and when it ends.</summary>
internal sealed class FailureLog(string integration, ForwarderTelemetry telemetry, TimeProvider time)
{
    private static readonly TimeSpan SummaryInterval = TimeSpan.FromMinutes(1);

    private ErrorCategory? failing;
    private long since;
    private long saidAt;
    private int rounds;

    /// <summary>A round failed, and the next one begins after the pause.</summary>
    public void Failed(ErrorCategory category, string reason, TimeSpan pause)
    {
        var now = time.GetTimestamp();
        since = failing is null ? now : since;
        rounds++;
        if (failing != category)
        {
            telemetry.DestinationFailing(integration, category, reason, pause);
        }
        else if (time.GetElapsedTime(saidAt, now) >= SummaryInterval)
        {
            telemetry.DestinationStillFailing(integration, category, reason, WholeSeconds(now), rounds);
        }
        else
        {
            return;
        }

        (failing, saidAt) = (category, now);
    }

    /// <summary>The destination accepted something.</summary>
    public void Works()
    {
        if (failing is not null)
        {
            telemetry.DestinationWorks(integration, WholeSeconds(time.GetTimestamp()), rounds);
            (failing, rounds) = (null, 0);
        }
    }

    private TimeSpan WholeSeconds(long now) => TimeSpan.FromSeconds(Math.Round(time.GetElapsedTime(since, now).TotalSeconds));
}
