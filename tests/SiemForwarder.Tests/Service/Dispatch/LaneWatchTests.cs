using Microsoft.Extensions.Logging.Abstractions;
using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Service.Dispatch.Delivery;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Tests.Service.Dispatch;

/// <summary>A lane that no longer gets on is stalled, by the name of its integration; one that waits for its destination is not.</summary>
public sealed class LaneWatchTests : IAsyncDisposable
{
    private readonly LaneBench bench = new();
    private readonly DatabaseConnections connections;
    private readonly LoopGuard guard;

    public LaneWatchTests()
    {
        connections = new DatabaseConnections("Host=127.0.0.1;Port=1;Username=nobody", new DatabaseOptions(), bench.Time);
        guard = new LoopGuard(connections, bench.Time, NullLogger<LoopGuard>.Instance);
        bench.Log.Append(LaneBench.SourceId, 1, "alice");
    }

    private static CancellationToken Soon => new CancellationTokenSource(TimeSpan.FromSeconds(60)).Token;

    public async ValueTask DisposeAsync()
    {
        bench.Dispose();
        await connections.DisposeAsync();
    }

    [Fact]
    public async Task ALaneThatHangsInItsDestinationIsNamedUntilItGetsOn()
    {
        var destination = new HangingDestination();
        await using (var delivery = Open(destination))
        {
            var running = delivery.DeliverNextAsync(LaneBench.SourceId, 0, long.MaxValue, Soon);
            await destination.Begun.Task.WaitAsync(Soon);
            bench.Time.Advance(LoopGuard.StepBound);
            var within = guard.Stalled;
            bench.Time.Advance(TimeSpan.FromSeconds(5));
            var beyond = guard.Stalled;
            destination.Answer.SetResult(new DeliveryOutcome.Delivered("ok"));
            await running;

            Assert.Empty(within);
            Assert.Equal("delivers to the integration 'corp-siem'", Assert.Single(beyond).Loop);
            Assert.Empty(guard.Stalled);
        }

        bench.Time.Advance(LoopGuard.StepBound * 2);
        Assert.Empty(guard.Stalled);
    }

    [Fact]
    public async Task ADestinationThatIsDownForHoursIsNoStall()
    {
        bench.Destination = new AnsweringDestination(_ => new DeliveryOutcome.Transient(ErrorCategory.Connection, "It is down."));
        using var stop = new CancellationTokenSource();
        await using var delivery = Open(bench.Destination, stop.Token);
        var began = bench.Time.GetUtcNow();

        var running = delivery.DeliverNextAsync(LaneBench.SourceId, 0, long.MaxValue, stop.Token);
        await bench.AdvanceUntilAsync(() => bench.Time.GetUtcNow() - began > LoopGuard.StepBound + TimeSpan.FromMinutes(10));
        var stalled = guard.Stalled;
        await stop.CancelAsync();

        Assert.Empty(stalled);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Fact]
    public async Task ALaneThatFailedIsNamedUntilItDelivers()
    {
        guard.Failed(DeliveryLane.LoopOf("corp-siem"), new InvalidOperationException("A bug."));
        var failing = guard.Faults;
        await using var delivery = Open(bench.Destination);

        await delivery.DeliverNextAsync(LaneBench.SourceId, 0, long.MaxValue, Soon);

        Assert.Equal("delivers to the integration 'corp-siem'", Assert.Single(failing).Loop);
        Assert.Empty(guard.Faults);
    }

    private BatchDelivery Open(IDestination destination, CancellationToken stopping = default)
    {
        var integration = bench.Integration;
        var lane = new DeliveryLane(
            integration with { Kind = integration.Kind with { Open = (_, _) => destination } }, LaneBench.Fence, bench.Log, new EventSelection(bench.Filter), bench.Journal);
        return new BatchDelivery(lane, bench.Parts with { Guard = guard }, stopping);
    }

    /// <summary>A destination that keeps to no limit of time.</summary>
    private sealed class HangingDestination : IDestination
    {
        public TaskCompletionSource Begun { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource<DeliveryOutcome> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public BatchLimits Limits { get; } = new(100, 1_000_000);

        public Task<DeliveryOutcome> SendAsync(DeliveryBatch batch, CancellationToken cancellationToken)
        {
            Begun.TrySetResult();
            return Answer.Task;
        }

        public Task<TestReport> TestAsync(DeliveryBatch batch, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
