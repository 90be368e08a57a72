using SiemForwarder.Simulator;

namespace SiemForwarder.Tests.Service.Keycloak.Client;

/// <summary>How long a token is used, and what it tells of the server's clock.</summary>
public sealed class KeycloakTokenTests
{
    [Theory]
    [InlineData(300, 239, 241)]
    [InlineData(60, 29, 31)]
    [InlineData(20, 9, 17)]
    public async Task ATokenIsRenewedBeforeItEnds(int lifetime, int still, int renewed)
    {
        await using var polled = await PolledRealm.StartAsync(SimulatedTier.WithIds);
        polled.Realm.Client.TokenLifetime = TimeSpan.FromSeconds(lifetime);
        await polled.PollAsync();

        polled.Clock.Advance(TimeSpan.FromSeconds(still));
        await polled.PollAsync();
        Assert.Equal(1, Tokens(polled));
        polled.Clock.Advance(TimeSpan.FromSeconds(renewed - still));
        await polled.PollAsync();

        Assert.Equal(2, Tokens(polled));
    }

    [Theory]
    [InlineData(-7_200_123)]
    [InlineData(0)]
    [InlineData(90_456)]
    public async Task TheServersClockIsKnownToTheMillisecondFromOurOwnLogin(int offsetMs)
    {
        await using var polled = await PolledRealm.StartAsync(
            SimulatedTier.WithIds, options: new SimulatorOptions { ClockOffset = TimeSpan.FromMilliseconds(offsetMs) });
        polled.Realm.RecordsTokens = true;

        await polled.PollToEndAsync();

        Assert.Equal(offsetMs, polled.Poller.Status.ServerClockOffset!.Value.TotalMilliseconds);
    }

    [Fact]
    public async Task WithoutThatEventTheClockIsKnownToTheSecond()
    {
        await using var polled = await PolledRealm.StartAsync(
            SimulatedTier.WithIds, options: new SimulatorOptions { ClockOffset = TimeSpan.FromMilliseconds(90_456), SendsDate = true });

        await polled.PollToEndAsync();

        Assert.InRange(polled.Poller.Status.ServerClockOffset!.Value.TotalMilliseconds, 89_900, 91_000);
    }

    private static int Tokens(PolledRealm polled) => polled.Server.Requests.Count(request => request.StartsWith("POST", StringComparison.Ordinal));
}
