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

    /// <summary>Begins the trace of a batch; null where nobody listens.</summary>
    public Activity? Begin(int sourceId)
    {
        var span = ForwarderTracing.StartRoot("deliver");
        span?.SetTag(MetricCatalog.Integration, Labels.Integration).SetTag(MetricCatalog.Destination, Labels.Destination)
            .SetTag(MetricCatalog.Lane, Labels.Lane).SetTag("source.id", sourceId);
        return span;
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
    /// <param name="source">Name of the source.</param>
    public void Recorded(AssembledBatch run, DeliveryBatch part, DeliveryRecord record, string source)
    {
        var excluded = 0L;
        foreach (var range in record.Filtered ?? [])
        {
            excluded += range.UpperBound - range.LowerBound + 1;
        }

        foreach (var gap in run.Gaps)
        {
            excluded -= Math.Max(0, Math.Min(gap.Last, record.LastPosition) - Math.Max(gap.First, record.AfterPosition + 1) + 1);
        }

        telemetry.BatchRecorded(Labels, source, record.EventCount, record.ByteCount, excluded);
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

        telemetry.Metrics.RecordAll(MetricCatalog.DeliveryLatency, latencies.AsSpan(0, count), new(Labels.Integration, Labels.Destination));
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
