using Microsoft.Extensions.Logging.Abstractions;
using SiemForwarder.Events;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Keycloak.Client;
using SiemForwarder.Service.Keycloak.Tail;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Telemetry;
using SiemForwarder.Simulator;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Service.Keycloak.Tail;

/// <summary>A poll that does not end is stalled, by the name of its source; one that is far apart from the next is not.</summary>
public sealed class PollWatchTests : IAsyncDisposable
{
    private const string Loop = "polls the source 'demo'";

    private readonly TestClock clock = new();
    private readonly DatabaseConnections connections;
    private readonly LoopGuard guard;

    public PollWatchTests()
    {
        connections = new DatabaseConnections("Host=127.0.0.1;Port=1;Username=nobody", new DatabaseOptions(), clock);
        guard = new LoopGuard(connections, clock, NullLogger<LoopGuard>.Instance);
    }

    private static CancellationToken Soon => new CancellationTokenSource(TimeSpan.FromSeconds(60)).Token;

    public ValueTask DisposeAsync() => connections.DisposeAsync();

    [Fact]
    public async Task APollThatHangsIsNamedUntilItEnds()
    {
        await using var polled = await PolledRealm.StartAsync(SimulatedTier.WithIds, clock: clock);
        polled.Realm.AddLogin("alice");
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var answer = new TaskCompletionSource<AppendOutcome>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var stop = new CancellationTokenSource();
        using var poller = Open(polled.Source, (append, _) =>
        {
            begun.TrySetResult();
            return answer.Task;
        });

        var running = poller.RunAsync(stop.Token);
        await begun.Task.WaitAsync(Soon);
        clock.Advance(LoopGuard.StepBound);
        var within = guard.Stalled;
        clock.Advance(TimeSpan.FromSeconds(5));
        var beyond = guard.Stalled;
        answer.SetResult(new AppendOutcome.Unavailable("The database is away."));
        await WaitUntilNoneIsStalledAsync();
        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.Empty(within);
        Assert.Equal(Loop, Assert.Single(beyond).Loop);
    }

    [Fact]
    public async Task ARealmThatIsPolledRarelyIsNoStall()
    {
        await using var polled = await PolledRealm.StartAsync(SimulatedTier.WithIds, clock: clock);
        polled.Realm.AddLogin("alice");
        using var stop = new CancellationTokenSource();
        using var poller = Open(polled.Source with { PollInterval = LoopGuard.StepBound * 4 }, polled.Log.AppendAsync);

        var running = poller.RunAsync(stop.Token);
        await WaitUntilAsync(() => poller.Status.Streams[0].State == PollState.UpToDate);
        clock.Advance(LoopGuard.StepBound * 2);
        await WaitUntilNoneIsStalledAsync();
        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    private Task WaitUntilNoneIsStalledAsync() => WaitUntilAsync(() => guard.Stalled.Count == 0);

    private static async Task WaitUntilAsync(Func<bool> isReached)
    {
        var soon = Soon;
        while (!isReached())
        {
            soon.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    private RealmPoller Open(KeycloakSource source, Func<LogAppend, CancellationToken, Task<AppendOutcome>> append) => new(
        source with { Streams = [EventStream.User] }, new Dictionary<EventStream, string?>(), append, clock, NullLogger.Instance,
        watch: () => guard.Watch(Loop, LoopGuard.StepBound));
}
