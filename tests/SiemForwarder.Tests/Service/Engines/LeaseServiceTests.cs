using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Telemetry;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Service.Engines;

/// <summary>An engine keeps its leases, takes free work up to its share, and gives back what is too much.</summary>
public sealed class LeaseServiceTests : IAsyncDisposable
{
    private readonly TestClock clock = new();
    private readonly FakeLeaseTable table = new();
    private readonly EngineLeases leases;
    private readonly EngineOptions options = new() { Name = "one" };
    private readonly ConfigurationSignal configuration = new();
    private readonly DatabaseConnections connections;
    private readonly LeaseService service;

    public LeaseServiceTests()
    {
        leases = new EngineLeases(clock);
        connections = new DatabaseConnections("Host=127.0.0.1;Port=1", new DatabaseOptions(), clock);
        service = new LeaseService(
            table, leases, Options.Create(options), configuration, clock, new ForwarderTelemetry(NullLogger<ForwarderTelemetry>.Instance),
            new LoopGuard(connections, clock, NullLogger<LoopGuard>.Instance));
    }

    public async ValueTask DisposeAsync()
    {
        service.Dispose();
        await connections.DisposeAsync();
    }

    [Fact]
    public async Task AnEngineThatIsAloneTakesAllFreeWork()
    {
        table.Wanted.AddRange([(LeaseKind.Source, 1), (LeaseKind.Integration, 1), (LeaseKind.Integration, 2)]);

        await StartAsync();

        Assert.Equal(3, leases.All.Count);
        Assert.True(leases.MayUse(LeaseKind.Integration, 2, fence: 1));
        await StopAsync();
    }

    [Fact]
    public async Task WhatIsTooMuchIsUsedNoMoreAtOnceAndGivenBackATurnLater()
    {
        table.Wanted.AddRange([(LeaseKind.Integration, 1), (LeaseKind.Integration, 2)]);
        await StartAsync();
        table.Engines = 2;

        await TurnAsync();

        var kept = Assert.Single(leases.All);
        Assert.Empty(table.Released);
        await TurnAsync();
        Assert.Equal(new[] { 1, 2 }.Single(id => id != kept.ResourceId), Assert.Single(table.Released).ResourceId);
        await StopAsync();
    }

    [Fact]
    public async Task WorkThatNobodyWantsAnyMoreIsGivenBack()
    {
        table.Wanted.Add((LeaseKind.Integration, 1));
        await StartAsync();
        table.Wanted.Clear();

        await TurnAsync();
        await TurnAsync();

        Assert.Empty(leases.All);
        Assert.Equal(1, Assert.Single(table.Released).ResourceId);
        await StopAsync();
    }

    [Fact]
    public async Task ALeaseThatAnotherEngineHasByNowIsNotUsed()
    {
        table.Wanted.Add((LeaseKind.Integration, 1));
        await StartAsync();
        table.TakeAway(1);

        await TurnAsync();

        Assert.False(leases.MayUse(LeaseKind.Integration, 1, fence: 1));
        await StopAsync();
    }

    [Fact]
    public async Task WithTheDatabaseAwayLeasesAreUsedUntilTheyMayHaveEndedAndAgainOnceRenewed()
    {
        table.Wanted.Add((LeaseKind.Integration, 1));
        await StartAsync();
        table.IsAway = true;

        await TurnAsync();
        Assert.True(leases.MayUse(LeaseKind.Integration, 1, fence: 1));
        clock.Advance(options.LeaseDuration);
        Assert.False(leases.MayUse(LeaseKind.Integration, 1, fence: 1));

        table.IsAway = false;
        await TurnAsync(() => leases.MayUse(LeaseKind.Integration, 1, fence: 1));
        await StopAsync();
    }

    [Fact]
    public async Task AChangeOfTheConfigurationIsNotSleptThrough()
    {
        await StartAsync();
        table.Wanted.Add((LeaseKind.Integration, 1));

        configuration.Raise();

        await WaitAsync(() => leases.All.Count == 1);
        await StopAsync();
    }

    [Fact]
    public async Task AnEngineThatStopsSignsOffAndADatabaseThatIsAwayDoesNotHoldIt()
    {
        await StartAsync();
        await StopAsync();
        Assert.Equal(1, table.SignOffs);

        table.IsAway = true;
        await service.StopAsync(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(30));
    }

    private async Task StartAsync()
    {
        await service.StartAsync(CancellationToken.None);
        await WaitAsync(() => table.Turns > 0 && clock.WaitingTimers > 0);
    }

    private Task StopAsync() => service.StopAsync(CancellationToken.None);

    /// <summary>Lets the service have its next turn.</summary>
    private async Task TurnAsync(Func<bool>? isSo = null)
    {
        var turns = table.Turns;
        await WaitAsync(() =>
        {
            if (table.Turns == turns && clock.WaitingTimers > 0)
            {
                clock.Advance(TimeSpan.FromMilliseconds(500));
            }

            return table.Turns > turns && clock.WaitingTimers > 0 && isSo?.Invoke() != false;
        });
    }

    private static async Task WaitAsync(Func<bool> isSo)
    {
        var started = System.Diagnostics.Stopwatch.StartNew();
        while (!isSo())
        {
            Assert.True(started.Elapsed < TimeSpan.FromSeconds(30), "What was waited for does not happen.");
            await Task.Yield();
        }
    }

    /// <summary>Leases in memory, of this engine and of others.</summary>
    private sealed class FakeLeaseTable : ILeaseTable
    {
        private readonly Dictionary<(LeaseKind Kind, int Id), long> mine = [];
        private readonly HashSet<(LeaseKind Kind, int Id)> others = [];
        private int turns;

        public List<(LeaseKind Kind, int Id)> Wanted { get; } = [];

        public List<Lease> Released { get; } = [];

        public int Engines { get; set; } = 1;

        public bool IsAway { get; set; }

        public int SignOffs { get; private set; }

        /// <summary>Turns that were begun.</summary>
        public int Turns => Volatile.Read(ref turns);

        public void TakeAway(int id)
        {
            mine.Remove((LeaseKind.Integration, id));
            others.Add((LeaseKind.Integration, id));
        }

        public Task<IReadOnlyList<Lease>> RenewAsync(DateTimeOffset startedAt, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref turns);
            return IsAway
                ? Task.FromException<IReadOnlyList<Lease>>(new TimeoutException("away"))
                : Task.FromResult<IReadOnlyList<Lease>>([.. mine.Select(one => new Lease(one.Key.Kind, one.Key.Id, one.Value))]);
        }

        public Task<IReadOnlyList<Work>> ListWorkAsync(CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<Work>>(
        [
            .. Wanted.Select(one => new Work(one.Kind, one.Id, null, mine.ContainsKey(one), !mine.ContainsKey(one) && !others.Contains(one), Engines)),
        ]);

        public Task<IReadOnlyList<Lease>> AcquireAsync(IReadOnlyList<Work> free, CancellationToken cancellationToken)
        {
            foreach (var work in free)
            {
                mine[(work.Kind, work.ResourceId)] = 1;
            }

            return Task.FromResult<IReadOnlyList<Lease>>([.. free.Select(work => new Lease(work.Kind, work.ResourceId, 1))]);
        }

        public Task ReleaseAsync(IReadOnlyList<Lease> leases, CancellationToken cancellationToken)
        {
            Released.AddRange(leases);
            foreach (var lease in leases)
            {
                mine.Remove((lease.Kind, lease.ResourceId));
            }

            return Task.CompletedTask;
        }

        public Task SignOffAsync(CancellationToken cancellationToken)
        {
            SignOffs++;
            return IsAway ? Task.FromException(new TimeoutException("away")) : Task.CompletedTask;
        }
    }
}
