using System.Text;
using SiemForwarder.Events;
using SiemForwarder.Service.Keycloak.Polling;
using SiemForwarder.Simulator;

namespace SiemForwarder.Tests.Service.Keycloak.Tail;

/// <summary>More events of one millisecond than fit into an answer, and answers that hold fewer than the one before.</summary>
public sealed class CrowdedMillisecondTests
{
    [Theory]
    [InlineData(SimulatedTier.WithoutIds, 5_000)]
    [InlineData(SimulatedTier.WithoutIds, 5_001)]
    [InlineData(SimulatedTier.WithoutIds, 12_000)]
    [InlineData(SimulatedTier.WithIds, 50_000)]
    [InlineData(SimulatedTier.WithIds, 50_001)]
    public async Task AMillisecondWithMoreEventsThanCanBeAskedForIsReadInPartsAndTold(SimulatedTier tier, int rows)
    {
        await using var polled = await PolledRealm.StartAsync(tier);
        var time = polled.Server.NowMs() - 60_000;
        Fill(polled, time, rows);
        for (var i = 1; i <= 40; i++)
        {
            polled.Realm.AddLogin("before", time - i);
            polled.Realm.AddLogin("after", time + i);
        }

        Assert.IsType<PollOutcome.Polled>(await polled.PollToEndAsync());
        polled.Clock.Advance(TimeSpan.FromSeconds(130));
        Assert.IsType<PollOutcome.Polled>(await polled.PollToEndAsync());

        polled.AssertComplete();
        Assert.Contains("SOURCE_EVENTS_POSSIBLY_LOST", Assert.Single(polled.Log.Bodies(EventStream.Forwarder)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ACrowdedMillisecondInHistoryEndsTheWalkOverDaysToo()
    {
        await using var polled = await PolledRealm.StartAsync(SimulatedTier.WithoutIds, pageRows: 20);
        var now = polled.Server.NowMs();
        for (var i = 0; i < 5000; i++)
        {
            polled.Realm.AddLogin($"user{i}", now - (i * 60_000L));
        }

        Fill(polled, now - (3 * 86_400_000L), 6_000);

        Assert.IsType<PollOutcome.Polled>(await polled.PollToEndAsync());

        polled.AssertComplete();
    }

    [Theory]
    [InlineData(SimulatedTier.WithIds)]
    [InlineData(SimulatedTier.WithoutIds)]
    public async Task AnAnswerWithFewerEventsOfAMillisecondThanBeforeIsNotBelieved(SimulatedTier tier)
    {
        await using var polled = await PolledRealm.StartAsync(tier, pageRows: 100);
        var time = polled.Server.NowMs() - 60_000;
        Fill(polled, time, 300);
        polled.Realm.AddLogin("before", time - 1);
        var pages = 0;
        polled.Server.Faults.Always = path =>
        {
            // The page after the first full one of that millisecond comes from a replica that has seen only half.
            var isPage = path.Contains("/events?max=", StringComparison.Ordinal) && !path.Contains("max=1&", StringComparison.Ordinal)
                && !path.EndsWith("max=1", StringComparison.Ordinal);
            return isPage && ++pages == (tier == SimulatedTier.WithIds ? 3 : 2) ? new SimulatedFault.Answer(200, "application/json", Page(tier, time, 50)) : null;
        };

        var failed = Assert.IsType<PollOutcome.Failed>(await polled.PollToEndAsync());
        Assert.Contains("fewer events", failed.Message, StringComparison.Ordinal);
        Assert.IsType<PollOutcome.Polled>(await polled.PollToEndAsync());

        polled.AssertComplete();
    }

    [Fact]
    public async Task AServerThatPaysNoHeedToOffsetsIsNotAskedForEver()
    {
        await using var polled = await PolledRealm.StartAsync(SimulatedTier.WithIds);
        var time = polled.Server.NowMs() - 60_000;
        var page = Page(SimulatedTier.WithIds, time, 50_000);
        polled.Server.Faults.Always = path => path.Contains($"dateFrom={time}&dateTo={time}&", StringComparison.Ordinal)
            ? new SimulatedFault.Answer(200, "application/json", page)
            : null;
        Fill(polled, time, 1_500);
        polled.Realm.AddLogin("after", time + 1);

        Assert.IsType<PollOutcome.Polled>(await polled.PollToEndAsync());

        Assert.Contains(polled.Log.Bodies(EventStream.User), json => json.Contains("\"after\"", StringComparison.Ordinal));
    }

    private static void Fill(PolledRealm polled, long time, int rows)
    {
        for (var i = 0; i < rows; i++)
        {
            polled.Realm.UserEvents.Add(time, Encoding.UTF8.GetBytes(Row(SimulatedTier.WithIds, time, i)));
        }
    }

    private static string Page(SimulatedTier tier, long time, int rows) => $"[{string.Join(',', Enumerable.Range(0, rows).Select(i => Row(tier, time, i)))}]";

    private static string Row(SimulatedTier tier, long time, int number)
    {
        var id = tier == SimulatedTier.WithIds ? $"\"id\":\"{new Guid(number, 0, 0, new byte[8])}\"," : "";
        return $$"""{{{id}}"time":{{time}},"type":"LOGIN","sessionId":"s{{number}}"}""";
    }
}
