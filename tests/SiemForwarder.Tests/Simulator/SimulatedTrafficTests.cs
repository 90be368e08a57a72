using System.Text.Json.Nodes;
using SiemForwarder.Simulator;
using SiemForwarder.Tests.Service.Keycloak;

namespace SiemForwarder.Tests.Simulator;

/// <summary>The generator of demo and benchmark events.</summary>
public sealed class SimulatedTrafficTests
{
    [Fact]
    public async Task TheSameSeedGivesTheSameEvents()
    {
        await using var first = await PolledRealm.StartAsync(SimulatedTier.WithIds);
        await using var second = await PolledRealm.StartAsync(SimulatedTier.WithIds);
        using var traffic = new SimulatedTraffic(7);
        using var again = new SimulatedTraffic(7);

        traffic.Fill(first.Realm, 2000, 1_000_000, 2_000_000);
        again.Fill(second.Realm, 2000, 1_000_000, 2_000_000);

        Assert.Equal(first.Realm.UserEvents.Rows(), second.Realm.UserEvents.Rows());
        var types = first.Realm.UserEvents.Rows().Select(row => (string)JsonNode.Parse(row)!["type"]!).Distinct().Order();
        Assert.Equal(["CODE_TO_TOKEN", "LOGIN", "LOGIN_ERROR", "LOGOUT"], types);
        Assert.InRange(first.Realm.AdminEvents.Count, 20, 80);
    }

    [Fact]
    public async Task ALoginHasTheSizeOfARealOneAndAnIdOfItsOwn()
    {
        await using var polled = await PolledRealm.StartAsync(SimulatedTier.WithIds);
        using var traffic = new SimulatedTraffic(1);

        traffic.FillLogins(polled.Realm, 1000, 1_000_000, 2_000_000);

        var rows = polled.Realm.UserEvents.Rows();
        Assert.InRange(rows.Average(row => row.Length), 560, 610);
        Assert.Equal(1000, rows.Select(row => (string)JsonNode.Parse(row)!["id"]!).Distinct().Count());
    }
}
