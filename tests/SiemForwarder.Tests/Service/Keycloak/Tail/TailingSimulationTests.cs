using SiemForwarder.Events;
using SiemForwarder.Service.Keycloak.Client;
using SiemForwarder.Service.Keycloak.Polling;
using SiemForwarder.Simulator;

namespace SiemForwarder.Tests.Service.Keycloak.Tail;

/// <summary>Random traffic with ties, shuffled order inside a millisecond, skewed stamps and commits up to 290 s late, also between two pages.</summary>
public sealed class TailingSimulationTests
{
    public static TheoryData<SimulatedTier, int> Runs()
    {
        var runs = new TheoryData<SimulatedTier, int>();
        for (var seed = 0; seed < 5; seed++)
        {
            runs.Add(SimulatedTier.WithIds, seed);
            runs.Add(SimulatedTier.WithoutIds, seed);
        }

        return runs;
    }

    [Theory]
    [MemberData(nameof(Runs))]
    public Task NothingIsLostAndNothingArrivesTwice(SimulatedTier tier, int seed) => RunAsync(tier, seed, isUpgraded: false);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public Task NothingIsLostAndNothingArrivesTwiceOverAnUpgradeThatAddsIds(int seed) => RunAsync(SimulatedTier.WithoutIds, seed, isUpgraded: true);

    private static async Task RunAsync(SimulatedTier tier, int seed, bool isUpgraded)
    {
        var random = new Random(seed);
        await using var polled = await PolledRealm.StartAsync(tier, PollStart.Now, pageRows: new[] { 3, 5, 20 }[random.Next(3)]);
        polled.Realm.UserEvents.ShufflesTies = true;
        polled.Log.Committed = () =>
        {
            if (random.NextDouble() < 0.3)
            {
                polled.Clock.Advance(TimeSpan.FromMilliseconds(random.Next(3000)));
            }
        };
        await polled.PollToEndAsync();

        var end = polled.Server.NowMs() + 1_200_000;
        var generatedTo = polled.Server.NowMs();
        while (polled.Server.NowMs() < end + 1_200_000)
        {
            polled.Clock.Advance(TimeSpan.FromSeconds(random.Next(10) == 0 ? 60 : 5));
            polled.Server.Tier = isUpgraded && polled.Server.NowMs() > end - 600_000 ? SimulatedTier.WithIds : tier;
            generatedTo = polled.Server.NowMs() < end ? Generate(polled.Realm, random, generatedTo, polled.Server.NowMs()) : generatedTo;
            if (random.Next(40) == 0)
            {
                polled.Restart();
            }

            Assert.IsType<PollOutcome.Polled>(await polled.PollToEndAsync());
        }

        Assert.True(polled.Realm.UserEvents.Count > 500);
        Assert.Equal(polled.Server.Tier == SimulatedTier.WithIds ? ApiTier.WithIds : ApiTier.WithoutIds, polled.Poller.Status.Streams[0].Tier);
        polled.AssertComplete();
        Assert.Equal("", string.Join(",", polled.Log.Bodies(EventStream.Forwarder)));
    }

    /// <summary>Adds rows stamped up to a little after the given time, some of which become visible much later.</summary>
    private static long Generate(SimulatedRealm realm, Random random, long fromMs, long toMs)
    {
        var time = fromMs;
        while (time < toMs)
        {
            time += new[] { 0, 0, 1, 50, 2000, 9000 }[random.Next(6)];
            for (var rows = new[] { 1, 1, 1, 2, 7 }[random.Next(5)]; rows > 0; rows--)
            {
                var delay = random.NextDouble() < 0.9 ? new[] { 0, 5, 500 }[random.Next(3)] : random.Next(290_000);
                var skew = random.Next(3) == 0 ? -3000 : 0;
                realm.AddLogin("alice", time + skew, time + delay);
            }
        }

        return time;
    }
}
