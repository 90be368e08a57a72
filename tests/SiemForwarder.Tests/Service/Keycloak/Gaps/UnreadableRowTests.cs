using System.Text.Json.Nodes;
using SiemForwarder.Connections;
using SiemForwarder.Events;
using SiemForwarder.Service.Keycloak.Polling;
using SiemForwarder.Service.Keycloak.Tail;
using SiemForwarder.Simulator;

namespace SiemForwarder.Tests.Service.Keycloak.Gaps;

/// <summary>Rows the server cannot read: the rest arrives, the gap is written down, told, and closed once the server can.</summary>
public sealed class UnreadableRowTests
{
    [Theory]
    [InlineData(SimulatedTier.WithIds, 5)]
    [InlineData(SimulatedTier.WithIds, 400)]
    [InlineData(SimulatedTier.WithoutIds, 5)]
    [InlineData(SimulatedTier.WithoutIds, 400)]
    public async Task TheRowsAroundItArriveAndTheGapIsTold(SimulatedTier tier, int rowsBefore)
    {
        await using var polled = await PolledRealm.StartAsync(tier);
        var poisonMs = AddAround(polled, rowsBefore);

        await PollAsync(polled, 3);

        Assert.Equal(rowsBefore + 300, polled.Log.Bodies(EventStream.User).Count);
        var gap = Assert.Single(polled.Poller.Status.Streams[0].Gaps);
        Assert.InRange(poisonMs, gap.FromMs, gap.ToMs);
        Assert.Equal(1, gap.Rows);
        var notice = JsonNode.Parse(Assert.Single(polled.Log.Bodies(EventStream.Forwarder)))!;
        Assert.Equal("SOURCE_EVENTS_UNREADABLE", (string)notice["event_type"]!);
        Assert.Equal(PollState.UpToDate, polled.Poller.Status.Streams[0].State);
    }

    [Theory]
    [InlineData(SimulatedTier.WithIds)]
    [InlineData(SimulatedTier.WithoutIds)]
    public async Task OnceTheServerCanReadTheRowItArrivesAndTheGapIsClosed(SimulatedTier tier)
    {
        await using var polled = await PolledRealm.StartAsync(tier);
        AddAround(polled, 50);
        await PollAsync(polled, 3);
        polled.Realm.UserEvents.HealPoison(time => $$"""{"id":"{{Guid.NewGuid()}}","time":{{time}},"type":"NEW_TYPE"}""");
        polled.Restart();

        await PollAsync(polled, 1);
        polled.Clock.Advance(TimeSpan.FromMinutes(61));
        await PollAsync(polled, 2);

        Assert.Empty(polled.Poller.Status.Streams[0].Gaps);
        Assert.Contains(polled.Log.Bodies(EventStream.Forwarder), json => json.Contains("SOURCE_EVENTS_RECOVERED", StringComparison.Ordinal));
        polled.AssertComplete();
    }

    [Fact]
    public async Task GoodRowsOfTheSameMillisecondArrive()
    {
        await using var polled = await PolledRealm.StartAsync(SimulatedTier.WithIds);
        polled.Realm.UserEvents.ShufflesTies = true;
        var time = polled.Server.NowMs() - 5000;
        for (var i = 0; i < 5; i++)
        {
            polled.Realm.AddLogin($"user{i}", time);
        }

        polled.Realm.UserEvents.AddPoison(time);
        polled.Realm.UserEvents.AddPoison(time + 1);
        polled.Realm.AddLogin("after", time + 2);

        await PollAsync(polled, 3);

        Assert.Equal(6, polled.Log.Bodies(EventStream.User).Count);
        Assert.Equal([time, time + 1], polled.Poller.Status.Streams[0].Gaps.Select(gap => gap.FromMs));
    }

    [Theory]
    [InlineData(SimulatedTier.WithIds)]
    [InlineData(SimulatedTier.WithoutIds)]
    public async Task TheNewestRowMayBeTheUnreadableOne(SimulatedTier tier)
    {
        await using var polled = await PolledRealm.StartAsync(tier);
        polled.Realm.AddLogin("alice", polled.Server.NowMs() - 60_000);
        polled.Realm.UserEvents.AddPoison(polled.Server.NowMs() - 30_000);

        await PollAsync(polled, 2);
        polled.Realm.AddLogin("bob");
        await PollAsync(polled, 3);

        Assert.Equal(2, polled.Log.Bodies(EventStream.User).Count);
        Assert.Single(polled.Poller.Status.Streams[0].Gaps);
        Assert.Single(polled.Log.Bodies(EventStream.Forwarder));
    }

    [Fact]
    public async Task AServerThatFailsOnEverythingIsNotBlamedOnARow()
    {
        await using var polled = await PolledRealm.StartAsync(SimulatedTier.WithIds);
        polled.Realm.AddLogin("alice");
        await polled.PollToEndAsync();
        polled.Server.Faults.Always = path => path.Contains("events?", StringComparison.Ordinal) ? SimulatedFault.ServerError : null;

        var outcome = await polled.PollAsync();

        Assert.Equal(ErrorCategory.ServerError, Assert.IsType<PollOutcome.Failed>(outcome).Category);
        Assert.Empty(polled.Poller.Status.Streams[0].Gaps);
        polled.Server.Faults.Always = null;
        polled.Realm.AddLogin("bob");
        await polled.PollToEndAsync();
        polled.AssertComplete();
    }

    private static long AddAround(PolledRealm polled, int rowsBefore)
    {
        var time = polled.Server.NowMs() - 3_600_000;
        for (var i = 0; i < rowsBefore; i++)
        {
            polled.Realm.AddLogin($"before{i}", time += 10);
        }

        var poisonMs = time += 10;
        polled.Realm.UserEvents.AddPoison(poisonMs);
        for (var i = 0; i < 300; i++)
        {
            polled.Realm.AddLogin($"after{i}", time += 10);
        }

        return poisonMs;
    }

    private static async Task PollAsync(PolledRealm polled, int polls)
    {
        for (var i = 0; i < polls; i++)
        {
            Assert.IsType<PollOutcome.Polled>(await polled.PollToEndAsync());
            polled.Clock.Advance(TimeSpan.FromSeconds(5));
        }
    }
}
