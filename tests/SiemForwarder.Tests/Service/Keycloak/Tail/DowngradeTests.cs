using System.Text;
using SiemForwarder.Events;
using SiemForwarder.Service.Keycloak.Client;
using SiemForwarder.Service.Keycloak.Polling;
using SiemForwarder.Simulator;

namespace SiemForwarder.Tests.Service.Keycloak.Tail;

/// <summary>A server that stops sending ids: what was stored under them is recognized by its content.</summary>
public sealed class DowngradeTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task EventsStoredUnderTheirIdsAreNotStoredAgain(bool isRestarted)
    {
        await using var polled = await PolledRealm.StartAsync(SimulatedTier.WithIds);
        var twin = polled.Server.NowMs() - 4000;
        for (var i = 0; i < 3; i++)
        {
            // Alike in all but the id.
            polled.Realm.UserEvents.Add(twin, Encoding.UTF8.GetBytes($$"""{"id":"{{Guid.NewGuid()}}","time":{{twin}},"type":"LOGIN"}"""));
        }

        await StepAsync(polled, 60);
        polled.Server.Tier = SimulatedTier.WithoutIds;
        if (isRestarted)
        {
            polled.Restart();
        }

        await SettleAsync(polled, ApiTier.WithoutIds);
        polled.Realm.UserEvents.Add(twin, Encoding.UTF8.GetBytes($$"""{"id":"{{Guid.NewGuid()}}","time":{{twin}},"type":"LOGIN"}"""));
        await StepAsync(polled, 60);
        polled.Restart();
        await StepAsync(polled, 60);

        polled.AssertComplete();
    }

    [Fact]
    public async Task UpAndDownAndUpAgainStoresEverythingOnce()
    {
        await using var polled = await PolledRealm.StartAsync(SimulatedTier.WithoutIds);
        await StepAsync(polled, 30);
        foreach (var tier in new[] { SimulatedTier.WithIds, SimulatedTier.WithoutIds, SimulatedTier.WithIds, SimulatedTier.WithoutIds })
        {
            polled.Server.Tier = tier;
            await SettleAsync(polled, tier == SimulatedTier.WithIds ? ApiTier.WithIds : ApiTier.WithoutIds);
            await StepAsync(polled, 30);
        }

        polled.AssertComplete();
    }

    [Fact]
    public async Task WhileTheLogCannotBeReadNothingIsStoredTwice()
    {
        await using var polled = await PolledRealm.StartAsync(SimulatedTier.WithIds);
        await StepAsync(polled, 60);
        polled.Server.Tier = SimulatedTier.WithoutIds;
        await SettleAsync(polled, ApiTier.WithoutIds, whenPolled: isUsed => polled.Log.IsUnavailable = isUsed);
        polled.Log.IsUnavailable = true;
        polled.Restart();
        polled.Realm.AddLogin("new");
        Assert.IsType<PollOutcome.Failed>(await polled.PollAsync());
        polled.Log.IsUnavailable = false;
        await SettleAsync(polled, ApiTier.WithoutIds);
        await StepAsync(polled, 30);

        polled.AssertComplete();
    }

    private static async Task StepAsync(PolledRealm polled, int steps)
    {
        for (var i = 0; i < steps; i++)
        {
            polled.Clock.Advance(TimeSpan.FromSeconds(5));
            polled.Realm.AddLogin($"user {i}");
            Assert.IsType<PollOutcome.Polled>(await polled.PollToEndAsync());
        }
    }

    /// <summary>Polls until the other way of asking is used; until then the server refuses the questions of the present one.</summary>
    private static async Task SettleAsync(PolledRealm polled, ApiTier tier, Action<bool>? whenPolled = null)
    {
        for (var i = 0; i < 1000 && polled.Poller.Status.Streams[0].Tier != tier; i++)
        {
            polled.Clock.Advance(TimeSpan.FromSeconds(5));
            await polled.PollAsync();
        }

        Assert.Equal(tier, polled.Poller.Status.Streams[0].Tier);
        whenPolled?.Invoke(false);
    }
}
