using SiemForwarder.Events;
using SiemForwarder.Service.Keycloak.Client;
using SiemForwarder.Service.Keycloak.Polling;
using SiemForwarder.Service.Keycloak.Tail;
using SiemForwarder.Simulator;

namespace SiemForwarder.Tests.Service.Keycloak.Tail;

/// <summary>Clocks of a server that are set back, jump and differ: nothing is lost over them, and it is told.</summary>
public sealed class ServerClockChangeTests
{
    private const int StepSeconds = 5;

    public static TheoryData<SimulatedTier, int> SetBacks() => new()
    {
        { SimulatedTier.WithIds, 15 },
        { SimulatedTier.WithIds, 30 },
        { SimulatedTier.WithIds, 240 },
        { SimulatedTier.WithoutIds, 15 },
        { SimulatedTier.WithoutIds, 30 },
        { SimulatedTier.WithoutIds, 240 },
    };

    [Theory]
    [MemberData(nameof(SetBacks))]
    public async Task AClockThatIsSetBackLosesNothing(SimulatedTier tier, int minutes)
    {
        await using var polled = await PolledRealm.StartAsync(tier, PollStart.Now);
        await RunAsync(polled, 10);
        polled.Server.ClockOffset -= TimeSpan.FromMinutes(minutes);
        await RunAsync(polled, 40);
        await PassAsync(polled, 5);

        polled.AssertComplete();
        Assert.Single(Notices(polled));
        Assert.Equal(PollState.UpToDate, polled.Poller.Status.Streams[0].State);
        Assert.Null(polled.Poller.Status.NodeClocks);
    }

    [Theory]
    [InlineData(SimulatedTier.WithIds)]
    [InlineData(SimulatedTier.WithoutIds)]
    public async Task AClockThatIsSetBackWhileNobodyReadsLosesNothing(SimulatedTier tier)
    {
        await using var polled = await PolledRealm.StartAsync(tier, PollStart.Now);
        await RunAsync(polled, 10);
        polled.Server.ClockOffset -= TimeSpan.FromMinutes(30);
        polled.Clock.Advance(TimeSpan.FromMinutes(2));
        polled.Realm.AddLogin("while down");
        polled.Restart();
        await RunAsync(polled, 10);
        await PassAsync(polled, 5);

        polled.AssertComplete();
    }

    [Theory]
    [InlineData(SimulatedTier.WithIds, 3)]
    [InlineData(SimulatedTier.WithIds, 10)]
    [InlineData(SimulatedTier.WithoutIds, 3)]
    [InlineData(SimulatedTier.WithoutIds, 10)]
    public async Task AClockThatGoesBackAndForthLosesNothing(SimulatedTier tier, int minutes)
    {
        await using var polled = await PolledRealm.StartAsync(tier, PollStart.Now);
        for (var turn = 0; turn < 6; turn++)
        {
            await RunAsync(polled, minutes);
            polled.Server.ClockOffset = TimeSpan.FromMinutes(turn % 2 == 0 ? -20 : 0);
        }

        await PassAsync(polled, 35);

        polled.AssertComplete();
    }

    [Theory]
    [InlineData(SimulatedTier.WithIds, 900, true)]
    [InlineData(SimulatedTier.WithIds, 900, false)]
    [InlineData(SimulatedTier.WithoutIds, 900, true)]
    [InlineData(SimulatedTier.WithoutIds, 900, false)]
    [InlineData(SimulatedTier.WithIds, 3300, true)]
    [InlineData(SimulatedTier.WithoutIds, 3300, true)]
    public async Task TwoNodesWhoseClocksDifferLoseNothing(SimulatedTier tier, int seconds, bool isFirstTokenOfTheFastNode)
    {
        await using var polled = await PolledRealm.StartAsync(tier, PollStart.Now);
        var slow = -TimeSpan.FromSeconds(seconds);
        var token = isFirstTokenOfTheFastNode ? 0 : 1;
        var states = new List<PollState>();
        await RunAsync(polled, 60, step =>
        {
            // A token lasts four minutes; each is given by the other node.
            polled.Server.TokenClockOffset = (step / 48 + token) % 2 == 0 ? TimeSpan.Zero : slow;
            polled.Realm.AddLogin($"slow {step}", polled.Server.NowMs() + (long)slow.TotalMilliseconds);
            states.Add(polled.Poller.Status.Streams[0].State);
        });

        Assert.DoesNotContain(PollState.UpToDate, states.Skip(120));
        Assert.InRange(polled.Poller.Status.NodeClocks!.Spread.TotalSeconds, seconds - 2, seconds + 2);

        polled.Server.TokenClockOffset = TimeSpan.Zero;
        await PassAsync(polled, 30);

        polled.AssertComplete();
        Assert.Null(polled.Poller.Status.NodeClocks);
        Assert.Equal(PollState.UpToDate, polled.Poller.Status.Streams[0].State);
    }

    [Theory]
    [InlineData(SimulatedTier.WithIds)]
    [InlineData(SimulatedTier.WithoutIds)]
    public async Task ANodeBehindWhoseTokensAreNeverSeenIsFoundByItsEvents(SimulatedTier tier)
    {
        await using var polled = await PolledRealm.StartAsync(tier, PollStart.Now);
        await RunAsync(polled, 20);
        await RunAsync(polled, 100, step =>
        {
            if (step % 6 == 0)
            {
                polled.Realm.AddLogin($"slow {step}", polled.Server.NowMs() - 900_000);
            }
        });

        Assert.NotNull(polled.Poller.Status.NodeClocks);
        await PassAsync(polled, 5);
        polled.AssertComplete();
        Assert.InRange(Notices(polled).Count, 1, 4);
    }

    [Fact]
    public async Task ANodeAheadWhoseTokensAreNeverSeenIsFoundByItsEvents()
    {
        await using var polled = await PolledRealm.StartAsync(SimulatedTier.WithIds, PollStart.Now);
        await RunAsync(polled, 5);
        polled.Realm.AddLogin("fast", polled.Server.NowMs() + 900_000);
        await RunAsync(polled, 1);

        Assert.InRange(polled.Poller.Status.NodeClocks!.Spread.TotalSeconds, 890, 900);
        Assert.Equal(PollState.CatchingUp, polled.Poller.Status.Streams[0].State);
        Assert.True(polled.Poller.Status.Streams[0].Watermark <= polled.Clock.GetUtcNow().AddSeconds(1));
        await PassAsync(polled, 30);
        polled.AssertComplete();
        Assert.Null(polled.Poller.Status.NodeClocks);
        Assert.Empty(Notices(polled));
    }

    [Theory]
    [InlineData(SimulatedTier.WithIds, 2_000)]
    [InlineData(SimulatedTier.WithIds, 4_500)]
    [InlineData(SimulatedTier.WithoutIds, 2_000)]
    public async Task ClocksThatNearlyAgreeAreNoReasonToReadAgain(SimulatedTier tier, int milliseconds)
    {
        await using var polled = await PolledRealm.StartAsync(tier, PollStart.Now);
        await RunAsync(polled, 60, step =>
        {
            polled.Server.TokenClockOffset = TimeSpan.FromMilliseconds(step / 48 % 2 == 0 ? milliseconds : 0);
            polled.Realm.AddLogin("ahead", polled.Server.NowMs() + milliseconds);
        });

        Assert.Empty(Notices(polled));
        Assert.Null(polled.Poller.Status.NodeClocks);
        polled.AssertComplete();
    }

    [Theory]
    [InlineData(long.MaxValue)]
    [InlineData(99_999_999_999)]
    [InlineData(-5)]
    [InlineData(253_402_300_799)]
    public async Task ATokenWithAnImpossibleTimeIsUsedAndItsTimeIsNot(long issuedAt)
    {
        await using var polled = await PolledRealm.StartAsync(SimulatedTier.WithIds, PollStart.Now);
        polled.Server.StampTokens(issuedAt);
        await RunAsync(polled, 10);

        polled.AssertComplete();
        Assert.Null(polled.Poller.Status.ServerClockOffset);
        polled.Server.StampTokens(null);
        await RunAsync(polled, 5);
        Assert.InRange(polled.Poller.Status.ServerClockOffset!.Value.TotalSeconds, -1, 1);
        polled.AssertComplete();
    }

    /// <summary>One login every five seconds, and a poll.</summary>
    private static async Task RunAsync(PolledRealm polled, int minutes, Action<int>? each = null)
    {
        for (var step = 0; step < minutes * 60 / StepSeconds; step++)
        {
            polled.Clock.Advance(TimeSpan.FromSeconds(StepSeconds));
            each?.Invoke(step);
            polled.Realm.AddLogin($"user {step}");
            Assert.IsType<PollOutcome.Polled>(await polled.PollToEndAsync());
        }
    }

    private static async Task PassAsync(PolledRealm polled, int minutes)
    {
        for (var step = 0; step < minutes * 6; step++)
        {
            polled.Clock.Advance(TimeSpan.FromSeconds(10));
            Assert.IsType<PollOutcome.Polled>(await polled.PollToEndAsync());
        }
    }

    private static List<string> Notices(PolledRealm polled) => [.. polled.Log.Bodies(EventStream.Forwarder)];
}
