using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Events;
using SiemForwarder.Events.Formats;
using SiemForwarder.Service.Dispatch;
using SiemForwarder.Service.Dispatch.Delivery;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Integrations;
using SiemForwarder.Service.Location;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Benchmarks;

/// <summary>The way of a page from the cache of the log through a delivery to a destination that takes everything and a journal that keeps nothing.</summary>
internal static class Deliveries
{
    private const int SourceId = 1;
    private const int IntegrationId = 1;

    /// <summary>Delivers the page once per call, as one batch.</summary>
    public static Action Of(LogSegment page, EventFilter filter)
    {
        var (cache, signal) = (new SegmentCache(), new EventLogSignal());
        cache.Add(page, cache.Edition);
        signal.Advance(SourceId, page.LastPosition + 1, incarnation: 1);
        var leases = new EngineLeases(TimeProvider.System);
        leases.Renewed([new Lease(LeaseKind.Integration, IntegrationId, 1)], TimeProvider.System.GetTimestamp(), TimeSpan.FromDays(1));
        var integration = new RunnableIntegration(
            IntegrationId, 1, "benchmark", "default", DestinationCatalog.All[0] with { Open = (_, _) => new Taking() },
            new DestinationSettings { IntegrationName = "benchmark", ServerUrl = new Uri("tcp://siem.example.com:514"), Port = 514 },
            new OutputSettings(OutputType.Cef, "native", null, 8192), filter, []);
        var locations = new IpLocations(Options.Create(new LocationOptions()), TimeProvider.System, NullLogger<IpLocations>.Instance);
        var parts = new DeliveryParts(
            new OneSource(), new SegmentNormalizer(locations, TimeProvider.System), leases, new DispatchOptions(), TimeProvider.System,
            new ForwarderTelemetry(NullLogger<ForwarderTelemetry>.Instance));
        var lane = new DeliveryLane(integration, 1, new EventLogReader(null!, cache, signal), new EventSelection(filter), new Forgetting());
        var delivery = new BatchDelivery(lane, parts, CancellationToken.None);
        return () => delivery.DeliverNextAsync(SourceId, 0, long.MaxValue, CancellationToken.None).GetAwaiter().GetResult();
    }

    private sealed class OneSource : ISourceDirectory
    {
        private static readonly EventSource Source = new(SourceId, "realm", "siem-demo", "sso.example.com");

        public ValueTask<EventSource> GetAsync(int sourceId, CancellationToken cancellationToken) => ValueTask.FromResult(Source);

        public Task<IReadOnlyList<int>> ListAsync(CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<int>>([SourceId]);
    }

    private sealed class Taking : IDestination
    {
        private static readonly Task<DeliveryOutcome> Taken = Task.FromResult<DeliveryOutcome>(new DeliveryOutcome.Delivered("taken"));

        public BatchLimits Limits { get; } = new(1000, 16 * 1024 * 1024);

        public Task<DeliveryOutcome> SendAsync(DeliveryBatch batch, CancellationToken cancellationToken) => Taken;

        public Task<TestReport> TestAsync(DeliveryBatch batch, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class Forgetting : IDeliveryJournal
    {
        private static readonly Task<bool> Done = Task.FromResult(true);

        public Task<bool> RecordAsync(DeliveryRecord record, CancellationToken cancellationToken) => Done;

        public Task RecordErrorAsync(DeliveryError error, CancellationToken cancellationToken) => Done;

        public Task RecordAttemptAsync(DeliveryError error, CancellationToken cancellationToken) => Done;

        public Task<bool> RecordGapAsync(int sourceId, PositionRange gap, long incarnation, CancellationToken cancellationToken) => Done;
    }
}
