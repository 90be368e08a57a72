using System.Collections.Concurrent;
using System.Diagnostics;
using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Events;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Tests.Service.Dispatch;

/// <summary>A batch is one trace from reading to the checkpoint, with a link to the poll that its events came with; and what it measures adds up.</summary>
public sealed class DeliveryTraceTests : IDisposable
{
    private readonly LaneBench bench = new();

    [Fact]
    public async Task ABatchIsOneTraceThatLinksToWhereItsEventsCameFrom()
    {
        var appended = new ActivityContext(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), ActivityTraceFlags.Recorded);
        bench.Log.Append(LaneBench.SourceId, 1, "alice", "bob");
        (await bench.Log.HoldAsync(LaneBench.SourceId, 0, TestContext.Current.CancellationToken))!.AppendedIn = appended;
        var ended = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == ForwarderTracing.SourceName,
            Sample = (ref _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = ended.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);

        await bench.DeliverAsync();

        // Other tests deliver meanwhile.
        var batch = Assert.Single(ended, one => one.OperationName == "deliver" && one.Links.Any(link => link.Context == appended));
        var parts = ended.Where(one => one.TraceId == batch.TraceId && one != batch).Select(one => one.OperationName).Distinct().Order(StringComparer.Ordinal);
        Assert.Equal(["checkpoint", "format", "read", "send"], parts);
        Assert.Equal(default, batch.ParentSpanId);
        Assert.Equal("corp-siem", batch.GetTagItem("integration"));
        var send = Assert.Single(ended, one => one.TraceId == batch.TraceId && one.OperationName == "send");
        Assert.Equal((ActivityKind.Client, "delivered"), (send.Kind, (string)send.GetTagItem("outcome")!));
        Assert.DoesNotContain(ended.Where(one => one.TraceId == batch.TraceId).SelectMany(one => one.TagObjects), tag => $"{tag.Value}" is "alice" or "bob");
    }

    [Fact]
    public async Task WhatIsFilteredSentAgainAndDeliveredIsCounted()
    {
        var answers = new Queue<DeliveryOutcome>([new DeliveryOutcome.Transient(ErrorCategory.Timeout, "slow"), new DeliveryOutcome.Delivered("ok")]);
        bench.Destination = new AnsweringDestination(_ => answers.Dequeue());
        bench.Filter = new EventFilter(new EventMatch { Types = ["LOGIN"] }, null);
        bench.Log.Append(LaneBench.SourceId, 1, "alice", "-bob", "carol");

        await bench.DeliverAsync();

        var metrics = bench.Telemetry.Metrics;
        var lane = new SeriesLabels("corp-siem", bench.Integration.Kind.Id, "prod-eu", "live");
        Assert.Equal((2, 1, 1), (metrics.Sum(MetricCatalog.EventsDelivered, lane), metrics.Sum(MetricCatalog.BatchesDelivered, lane), metrics.Sum(MetricCatalog.EventsFiltered, lane)));
        Assert.Equal(2, metrics.Sum(MetricCatalog.EventsRetried, new("corp-siem", bench.Integration.Kind.Id)));
        Assert.Equal(1, metrics.Sum(MetricCatalog.RoundsFailed, new("corp-siem", bench.Integration.Kind.Id, "Timeout")));
    }

    [Fact]
    public async Task WhatRetentionDroppedIsMissingAndNotFiltered()
    {
        bench.Log.Append(LaneBench.SourceId, 4, "alice");

        await bench.DeliverAsync();

        var metrics = bench.Telemetry.Metrics;
        Assert.Equal(3, metrics.Sum(MetricCatalog.EventsMissing, new("corp-siem")));
        Assert.Equal(0, metrics.Sum(MetricCatalog.EventsFiltered, new("corp-siem", bench.Integration.Kind.Id, "prod-eu", "live")));
    }

    public void Dispose() => bench.Dispose();
}
