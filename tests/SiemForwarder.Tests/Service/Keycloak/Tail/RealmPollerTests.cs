using Microsoft.Extensions.Logging.Abstractions;
using SiemForwarder.Events;
using SiemForwarder.Service.Keycloak.Client;
using SiemForwarder.Service.Keycloak.Polling;
using SiemForwarder.Service.Keycloak.Tail;
using SiemForwarder.Simulator;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Service.Keycloak.Tail;

/// <summary>Tailing a simulated realm, step by step and in its loop.</summary>
public sealed class RealmPollerTests
{
    [Fact]
    public async Task EveryEventOfBothStreamsArrivesOnce()
    {
        await using var polled = await PolledRealm.StartAsync(SimulatedTier.WithIds);
        polled.Realm.AddLogin("alice");
        polled.Realm.AddAdminEvent("CREATE", "USER", "users/1");

        await polled.PollToEndAsync();
        await polled.PollToEndAsync(EventStream.Admin);
        polled.Realm.AddLoginError("bob", "invalid_user_credentials");
        polled.Clock.Advance(TimeSpan.FromSeconds(5));
        var outcome = await polled.PollToEndAsync();

        Assert.Equal(new PollOutcome.Polled(2, 1, false), outcome);
        polled.AssertComplete();
        polled.AssertComplete(EventStream.Admin);
    }

    [Theory]
    [InlineData(SimulatedTier.WithIds)]
    [InlineData(SimulatedTier.WithoutIds)]
    public async Task AnIdleRealmCostsTheDatabaseNothing(SimulatedTier tier)
    {
        await using var polled = await PolledRealm.StartAsync(tier);
        polled.Realm.AddLogin("alice");
        await polled.PollToEndAsync();
        var appends = polled.Log.Appends;

        for (var i = 0; i < 10; i++)
        {
            polled.Clock.Advance(TimeSpan.FromSeconds(5));
            await polled.PollToEndAsync();
        }

        Assert.Equal(appends, polled.Log.Appends);
    }

    [Theory]
    [InlineData(SimulatedTier.WithIds, "now", 1)]
    [InlineData(SimulatedTier.WithIds, "since", 2)]
    [InlineData(SimulatedTier.WithIds, "everything", 3)]
    [InlineData(SimulatedTier.WithoutIds, "now", 1)]
    [InlineData(SimulatedTier.WithoutIds, "since", 2)]
    [InlineData(SimulatedTier.WithoutIds, "everything", 3)]
    public async Task TheFirstPollBeginsWhereTheAdministratorSaid(SimulatedTier tier, string start, int events)
    {
        var clock = new TestClock();
        var pollStart = start switch { "now" => PollStart.Now, "since" => new PollStart(false, clock.GetUtcNow().AddDays(-2)), _ => PollStart.All };
        await using var polled = await PolledRealm.StartAsync(tier, pollStart, clock: clock);
        foreach (var hours in new[] { 0, 24, 24 * 500 })
        {
            polled.Realm.AddLogin("alice", polled.Server.NowMs() - (hours * 3_600_000L));
        }

        await polled.PollToEndAsync();

        Assert.Equal(events, polled.Log.Bodies(EventStream.User).Count);
    }

    [Theory]
    [InlineData(SimulatedTier.WithIds, 0, 0)]
    [InlineData(SimulatedTier.WithIds, 0, 7200)]
    [InlineData(SimulatedTier.WithIds, 600, -3000)]
    [InlineData(SimulatedTier.WithoutIds, 0, 0)]
    [InlineData(SimulatedTier.WithoutIds, 600, 7200)]
    public async Task ASourceFromNowOnBeginsWhenItWasSavedByTheServersClock(SimulatedTier tier, int firstPollAfterSeconds, int serverAheadSeconds)
    {
        var clock = new TestClock();
        var options = new SimulatorOptions { ClockOffset = TimeSpan.FromSeconds(serverAheadSeconds) };
        await using var polled = await PolledRealm.StartAsync(tier, PollStart.Now, options, clock: clock, savedAt: clock.GetUtcNow());
        foreach (var secondsAgo in new[] { 599, 60, 20 })
        {
            polled.Realm.AddLogin("before", polled.Server.NowMs() - (secondsAgo * 1000L));
        }

        polled.Realm.AddLogin("now");
        clock.Advance(TimeSpan.FromSeconds(firstPollAfterSeconds));
        await polled.PollToEndAsync();
        clock.Advance(TimeSpan.FromMinutes(3));
        polled.Realm.AddLogin("later");
        await polled.PollToEndAsync();

        Assert.Equal(["now", "later"], polled.Log.Bodies(EventStream.User).Select(body => body.Contains("\"now\"", StringComparison.Ordinal) ? "now"
            : body.Contains("\"later\"", StringComparison.Ordinal) ? "later" : body));
    }

    [Theory]
    [InlineData(-11)]
    [InlineData(0)]
    [InlineData(13)]
    public async Task ALongOutageIsReadDayByDayInAnyZoneOfTheServer(int hours)
    {
        var zone = TimeZoneInfo.CreateCustomTimeZone("zone", TimeSpan.FromHours(hours), "zone", "zone");
        await using var polled = await PolledRealm.StartAsync(SimulatedTier.WithoutIds, options: new SimulatorOptions { ServerTimeZone = zone }, pageRows: 20);
        polled.Realm.UserEvents.ShufflesTies = true;
        for (var i = 0; i < 6000; i++)
        {
            polled.Realm.AddLogin($"user{i}", polled.Server.NowMs() - (i / 3 * 300_000L));
        }

        await polled.PollToEndAsync();
        polled.AssertComplete();
        Assert.Contains(polled.Server.Requests, request => request.Contains("dateFrom=2026-11-15", StringComparison.Ordinal));
        var before = polled.Server.Requests.Count;
        polled.Clock.Advance(TimeSpan.FromSeconds(5));
        await polled.PollToEndAsync();
        Assert.InRange(polled.Server.Requests.Count - before, 1, 3);
    }

    [Theory]
    [InlineData(SimulatedTier.WithIds, 3, 1)]
    [InlineData(SimulatedTier.WithIds, 1, 0)]
    [InlineData(SimulatedTier.WithoutIds, 3, 1)]
    public async Task AnOutageLongerThanKeycloakKeepsEventsIsTold(SimulatedTier tier, int outageDays, int notices)
    {
        await using var polled = await PolledRealm.StartAsync(tier, PollStart.Now);
        polled.Realm.EventsExpirationSeconds = 2 * 86_400;
        polled.Realm.AddLogin("alice");
        await polled.PollToEndAsync();
        polled.Clock.Advance(TimeSpan.FromSeconds(130));
        await polled.PollToEndAsync();
        polled.Clock.Advance(TimeSpan.FromDays(outageDays));
        polled.Restart();

        await polled.PollToEndAsync();
        polled.Clock.Advance(TimeSpan.FromSeconds(130));
        await polled.PollToEndAsync();

        Assert.Equal(notices, polled.Log.Bodies(EventStream.Forwarder).Count(json => json.Contains("SOURCE_EVENTS_POSSIBLY_LOST", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(-11)]
    [InlineData(13)]
    public async Task TheDayOfTheLastPollIsReadAgainFromItsBeginInTheServersZone(int hours)
    {
        var zone = TimeZoneInfo.CreateCustomTimeZone("zone", TimeSpan.FromHours(hours), "zone", "zone");
        await using var polled = await PolledRealm.StartAsync(
            SimulatedTier.WithoutIds,
            options: new SimulatorOptions { ServerTimeZone = zone },
            pageRows: 20,
            clock: new TestClock(new DateTimeOffset(2026, 11, 10, 5, 0, 0, TimeSpan.Zero)));
        polled.Realm.AddLogin("before", polled.Server.NowMs() - 86_400_000L * 30);
        await polled.PollToEndAsync();
        var outageMs = polled.Server.NowMs();
        polled.Clock.Advance(TimeSpan.FromDays(10));
        for (var i = 1; i <= 4000; i++)
        {
            polled.Realm.AddLogin($"user{i}", outageMs + (i * 200_000L));
        }

        await polled.PollToEndAsync();

        polled.AssertComplete();
    }

    [Fact]
    public async Task RowsDeletedAtTheHeadInTheMiddleOfAPassHideNoOthers()
    {
        await using var polled = await PolledRealm.StartAsync(SimulatedTier.WithoutIds, pageRows: 20);
        var now = polled.Server.NowMs();
        var rows = Enumerable.Range(0, 200).Select(i => (Time: now - (i * 1000L), Json: $$"""{"time":{{now - (i * 1000L)}},"type":"LOGIN","n":{{i}}}""")).ToList();
        rows.ForEach(row => polled.Realm.UserEvents.Add(row.Time, System.Text.Encoding.UTF8.GetBytes(row.Json)));
        polled.Log.Committed = () =>
        {
            if (polled.Log.Appends == 3)
            {
                polled.Log.Committed = null;
                polled.Realm.UserEvents.Clear();
                rows[40..].ForEach(row => polled.Realm.UserEvents.Add(row.Time, System.Text.Encoding.UTF8.GetBytes(row.Json)));
            }
        };

        await polled.PollToEndAsync();

        Assert.Equal(rows.Select(row => row.Json).Order(), polled.Log.Bodies(EventStream.User).Order());
    }

    [Fact]
    public async Task ALongOutageIsReadOnceAndInOrder()
    {
        await using var polled = await PolledRealm.StartAsync(SimulatedTier.WithIds);
        await polled.PollToEndAsync();
        polled.Clock.Advance(TimeSpan.FromDays(2));
        using var traffic = new SimulatedTraffic(3);
        traffic.FillLogins(polled.Realm, 30_000, polled.Server.NowMs() - 170_000_000, polled.Server.NowMs());
        var before = polled.Server.Requests.Count;

        await polled.PollToEndAsync();

        Assert.InRange(polled.Server.Requests.Count - before, 30, 45);
        Assert.Equal(polled.Realm.UserEvents.Rows(), polled.Log.Bodies(EventStream.User));
    }

    [Fact]
    public async Task TheLoopPollsBothStreamsWithinTheIntervalAndABacklogOfOneDoesNotHoldTheOther()
    {
        await using var server = await KeycloakSimulator.StartAsync(new SimulatorOptions(), PolledRealm.Token);
        using var traffic = new SimulatedTraffic(3);
        traffic.FillLogins(server.Realm, 100_000, server.NowMs() - 86_400_000, server.NowMs());
        server.Realm.AddAdminEvent("CREATE", "USER", "users/1");
        var log = new RecordingLog();
        var admin = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var late = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        log.Committed = () =>
        {
            if (log.Count(EventStream.Admin) == 1)
            {
                admin.TrySetResult(log.Count(EventStream.User));
            }

            if (log.Count(EventStream.User) > 100_000)
            {
                all.TrySetResult();
            }

            if (log.Count(EventStream.Admin) == 2)
            {
                late.TrySetResult();
            }
        };
        var source = PolledRealm.SourceOf(server) with { Start = PollStart.All, PollInterval = TimeSpan.FromMilliseconds(200) };
        using var poller = new RealmPoller(source, log.Checkpoints, log.AppendAsync, TimeProvider.System, NullLogger.Instance);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(PolledRealm.Token);
        var run = poller.RunAsync(stop.Token);

        Assert.InRange(await admin.Task.WaitAsync(TimeSpan.FromSeconds(30), PolledRealm.Token), 1, 60_000);
        await all.Task.WaitAsync(TimeSpan.FromSeconds(60), PolledRealm.Token);
        server.Realm.AddAdminEvent("DELETE", "USER", "users/1");
        await late.Task.WaitAsync(TimeSpan.FromSeconds(10), PolledRealm.Token);
        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        Assert.Equal(1, server.MaxRequestsAtOnce);
    }

    [Fact]
    public async Task AtMostFourRequestsReachOneServerAtATime()
    {
        string[] names = ["r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8"];
        await using var server = await KeycloakSimulator.StartAsync(new SimulatorOptions { Realms = names }, PolledRealm.Token);
        var log = new RecordingLog();
        var pollers = names.Select(name => new RealmPoller(
            PolledRealm.SourceOf(server) with { Realm = name }, log.Checkpoints, log.AppendAsync, TimeProvider.System, NullLogger.Instance)).ToList();
        var reached = new SemaphoreSlim(0);
        server.Faults.Always = _ =>
        {
            reached.Release();
            return new SimulatedFault.Hang();
        };
        using var stop = new CancellationTokenSource();

        var polls = pollers.Select(poller => poller.PollOnceAsync(EventStream.User, stop.Token)).ToList();
        for (var i = 0; i < 4; i++)
        {
            Assert.True(await reached.WaitAsync(TimeSpan.FromSeconds(10), PolledRealm.Token));
        }

        Assert.False(await reached.WaitAsync(TimeSpan.FromMilliseconds(200), PolledRealm.Token));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.WhenAll(polls));
        Assert.Equal(4, server.MaxRequestsAtOnce);
        pollers.ForEach(poller => poller.Dispose());
    }
}
