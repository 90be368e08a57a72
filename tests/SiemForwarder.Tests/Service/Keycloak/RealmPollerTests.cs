using SiemForwarder.Events;
using SiemForwarder.Service.Keycloak;
using SiemForwarder.Simulator;

namespace SiemForwarder.Tests.Service.Keycloak;

/// <summary>Tailing a simulated realm, step by step.</summary>
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
}
