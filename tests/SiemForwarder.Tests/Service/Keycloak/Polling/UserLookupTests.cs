using SiemForwarder.Events;
using SiemForwarder.Service.Keycloak.Polling;
using SiemForwarder.Simulator;

namespace SiemForwarder.Tests.Service.Keycloak.Polling;

/// <summary>Who acted has a name where the service account may view users, and no event waits long for it.</summary>
public sealed class UserLookupTests
{
    [Theory]
    [InlineData(SimulatedTier.WithIds)]
    [InlineData(SimulatedTier.WithoutIds)]
    public async Task AUserIsAskedForOnceAndNamedInEveryEvent(SimulatedTier tier)
    {
        await using var polled = await StartAsync(tier);
        polled.Realm.Users[SimulatedRealm.AdminId] = "carol";
        polled.Realm.Users["u1"] = "alice";

        polled.Realm.AddAdminEvent("CREATE", "REALM_ROLE_MAPPING", "users/u1/role-mappings/realm");
        await polled.PollToEndAsync(EventStream.Admin);
        polled.Realm.AddAdminEvent("DELETE", "REALM_ROLE_MAPPING", "users/u1/role-mappings/realm");
        await polled.PollToEndAsync(EventStream.Admin);

        Assert.Equal(2, polled.Log.Names.Count);
        Assert.All(polled.Log.Names, names => Assert.Equal(
            ("carol", "alice"), (names!.Find(polled.Realm.Id, SimulatedRealm.AdminId), names.Find(polled.Realm.Id, "u1"))));
        Assert.Equal(2, UserRequests(polled));
    }

    [Fact]
    public async Task ANameIsAskedForAgainAfterAnHour()
    {
        await using var polled = await StartAsync();
        polled.Realm.Users[SimulatedRealm.AdminId] = "carol";
        await ChangeAsync(polled);
        polled.Realm.Users[SimulatedRealm.AdminId] = "caroline";
        await ChangeAsync(polled);
        polled.Clock.Advance(TimeSpan.FromMinutes(61));
        await ChangeAsync(polled);

        Assert.Equal(["carol", "carol", "caroline"], polled.Log.Names.Select(names => names?.Find(polled.Realm.Id, SimulatedRealm.AdminId)));
    }

    [Fact]
    public async Task WithoutTheRoleNobodyIsAskedFor()
    {
        await using var polled = await StartAsync();
        polled.Realm.Client.Roles = ["view-events"];
        await ChangeAsync(polled);

        Assert.Null(Assert.Single(polled.Log.Names));
        Assert.Equal(0, UserRequests(polled));
    }

    [Fact]
    public async Task ARoleThatIsTakenAwayEndsTheQuestionsAndNotThePolls()
    {
        await using var polled = await StartAsync();
        await ChangeAsync(polled, "u0");
        polled.Realm.Client.Roles = ["view-events"];
        await ChangeAsync(polled, "u1");
        await ChangeAsync(polled, "u2");

        // The admin and u0 were asked for and nobody is known by these ids; u1 was refused, and nobody asks on.
        Assert.Equal(3, UserRequests(polled));
        polled.AssertComplete(EventStream.Admin);
    }

    [Fact]
    public async Task AUserWhoIsGoneHasNoNameAndIsNotAskedForAgainSoon()
    {
        await using var polled = await StartAsync();
        await ChangeAsync(polled);
        await ChangeAsync(polled);

        Assert.All(polled.Log.Names, Assert.Null);
        Assert.Equal(1, UserRequests(polled));
        polled.AssertComplete(EventStream.Admin);
    }

    [Fact]
    public async Task AServerThatFailsOnUsersDelaysNoEvent()
    {
        await using var polled = await StartAsync();
        polled.Realm.Users[SimulatedRealm.AdminId] = "carol";
        polled.Server.Faults.Always = request => request.Contains("/users/", StringComparison.Ordinal) ? SimulatedFault.Booting : null;
        await ChangeAsync(polled);
        polled.Server.Faults.Always = null;
        await ChangeAsync(polled);
        polled.Clock.Advance(TimeSpan.FromMinutes(2));
        await ChangeAsync(polled);

        Assert.Equal([null, null, "carol"], polled.Log.Names.Select(names => names?.Find(polled.Realm.Id, SimulatedRealm.AdminId)));
        polled.AssertComplete(EventStream.Admin);
    }

    [Fact]
    public async Task APageAsksForABoundedNumberOfUsers()
    {
        await using var polled = await StartAsync();
        for (var i = 0; i < UserLookup.MaxPerPage * 2; i++)
        {
            polled.Realm.AddAdminEvent("DELETE", "USER", $"users/u{i}");
        }

        await polled.PollToEndAsync(EventStream.Admin);

        Assert.Single(polled.Log.Names);
        Assert.Equal(UserLookup.MaxPerPage, UserRequests(polled));
        polled.AssertComplete(EventStream.Admin);
    }

    private static async Task<PolledRealm> StartAsync(SimulatedTier tier = SimulatedTier.WithIds)
    {
        var polled = await PolledRealm.StartAsync(tier);
        polled.Realm.Client.Roles = ["view-events", "view-users"];
        return polled;
    }

    private static async Task ChangeAsync(PolledRealm polled, string? user = null)
    {
        polled.Realm.AddAdminEvent("UPDATE", user is null ? "REALM" : "USER", user is null ? "" : $"users/{user}");
        await polled.PollToEndAsync(EventStream.Admin);
    }

    private static int UserRequests(PolledRealm polled) => polled.Server.Requests.Count(request => request.Contains("/users/", StringComparison.Ordinal));
}
