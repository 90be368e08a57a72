using SiemForwarder.Events;
using SiemForwarder.Service.Keycloak.Polling;
using SiemForwarder.Simulator;

namespace SiemForwarder.Tests.Service.Keycloak.Checks;

/// <summary>What Keycloak stores and for how long, looked at while it is polled.</summary>
public sealed class AuditingWatchTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AuditingThatIsSwitchedOffIsSeenWithinAMinuteAndItsReturnToo()
    {
        await using var polled = await PolledRealm.StartAsync(SimulatedTier.WithIds);
        await LookAsync(polled);
        Assert.Empty(polled.Poller.Status.Auditing!.Off);

        polled.Realm.EventsEnabled = false;
        polled.Realm.AdminEventsEnabled = false;
        await LookAsync(polled);
        Assert.Empty(polled.Poller.Status.Auditing!.Off);
        polled.Clock.Advance(TimeSpan.FromSeconds(61));
        await LookAsync(polled);
        Assert.Equal(["user", "admin"], polled.Poller.Status.Auditing!.Off);

        polled.Realm.EventsEnabled = true;
        polled.Realm.AdminEventsEnabled = true;
        polled.Clock.Advance(TimeSpan.FromSeconds(61));
        await LookAsync(polled);
        Assert.Empty(polled.Poller.Status.Auditing!.Off);
    }

    [Fact]
    public async Task TheShortestExpirationOfTheStreamsIsTold()
    {
        await using var polled = await PolledRealm.StartAsync(SimulatedTier.WithIds);
        polled.Realm.Client.Roles = ["view-events", "view-realm"];
        (polled.Realm.EventsExpirationSeconds, polled.Realm.AdminEventsExpirationSeconds) = (7200, 3600);

        await LookAsync(polled);

        Assert.Equal(3600, polled.Poller.Status.Auditing!.ExpirationSeconds);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(90, 0)]
    public async Task WhatKeycloaksOwnExpirationDeletesIsNotCalledRemoved(long expirationSeconds, int notices)
    {
        await using var polled = await PolledRealm.StartAsync(SimulatedTier.WithIds);
        polled.Realm.Client.Roles = ["view-events", "view-realm"];
        polled.Realm.AdminEventsExpirationSeconds = expirationSeconds;
        polled.Realm.AddAdminEvent("CREATE", "USER", "users/1");
        await polled.PollToEndAsync(EventStream.Admin);
        await LookAsync(polled);
        await polled.PollToEndAsync(EventStream.Admin);

        polled.Clock.Advance(TimeSpan.FromSeconds(91));
        polled.Realm.AdminEvents.Clear();
        await polled.PollToEndAsync(EventStream.Admin);
        await polled.PollToEndAsync(EventStream.Admin);

        Assert.Equal(notices, polled.Log.Bodies(EventStream.Forwarder).Count(body => body.Contains(PollNotice.Removed, StringComparison.Ordinal)));
    }

    private static async Task LookAsync(PolledRealm polled)
    {
        await polled.PollToEndAsync();
        await polled.Poller.LookAtAuditingAsync(Token);
    }
}
