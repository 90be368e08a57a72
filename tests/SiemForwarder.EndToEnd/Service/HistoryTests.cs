using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Simulator;

namespace SiemForwarder.EndToEnd.Service;

/// <summary>A new source may begin with history, which never delays what happens now.</summary>
public sealed class HistoryTests(TestPostgres postgres)
{
    private const int Old = 5000;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(SimulatedTier.WithIds)]
    [InlineData(SimulatedTier.WithoutIds)]
    public async Task LiveEventsComeWhileHistoryIsHeldUpAndHistoryComesOnceAfterwards(SimulatedTier tier)
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var keycloak = await KeycloakSimulator.StartAsync(new SimulatorOptions { Tier = tier }, Token);
        keycloak.Realm.RecordsTokens = false;
        using var traffic = new SimulatedTraffic(1);
        traffic.FillLogins(keycloak.Realm, Old, keycloak.NowMs() - (20L * 24 * 3600 * 1000), keycloak.NowMs() - (2L * 24 * 3600 * 1000));
        var opened = false;
        await using var forwarder = await ForwarderApplication.StartOnAsync(database);

        // The rows of the past are not handed out before the gate opens; what is asked for now is.
        keycloak.Faults.Always = request => !Volatile.Read(ref opened) && IsHistory(request, tier) ? SimulatedFault.Booting : null;
        var source = await forwarder.PostAsync("/api/v1/sources", new
        {
            name = "realm",
            keycloak = new
            {
                baseUrl = keycloak.BaseUrl.ToString(), realm = keycloak.Realm.Name, clientId = keycloak.Realm.Client.ClientId, clientSecret = keycloak.Realm.Client.Secret,
                start = "everything", pollIntervalSeconds = 1, streams = new[] { "user" },
            },
        });
        var status = $"/api/v1/sources/{source["id"]}/status";
        await forwarder.WaitForAsync(status, node => node["poll"]?["streams"]?[0]?["completeAt"] is not null);
        keycloak.Realm.AddLogin("live");
        // Without ids the newest page is asked for in the same words by both lanes.
        var newest = tier == SimulatedTier.WithIds ? 0 : 100;
        await forwarder.WaitForAsync(status, node => node["storedEvents"]!.GetValue<long>() == newest + 1);

        Volatile.Write(ref opened, true);
        await forwarder.WaitForAsync(status, node => node["storedEvents"]!.GetValue<long>() == Old + 1);
        await WaitForCompleteAsync(forwarder);

        // A restart reads no history again.
        await using var again = await ForwarderApplication.StartOnAsync(database);
        await again.WaitForAsync(status, node => node["poll"] is not null);
        keycloak.Realm.AddLogin("later");
        Assert.Equal(Old + 2, (await again.WaitForAsync(status, node => node["storedEvents"]!.GetValue<long>() >= Old + 2))["storedEvents"]!.GetValue<long>());
    }

    [Theory]
    [InlineData(SimulatedTier.WithIds)]
    [InlineData(SimulatedTier.WithoutIds)]
    public async Task ASourceWithoutHistoryBeginsWhenItIsSavedThoughItCannotBeReadYet(SimulatedTier tier)
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await using var keycloak = await KeycloakSimulator.StartAsync(new SimulatorOptions { Tier = tier }, Token);
        keycloak.Realm.RecordsTokens = false;
        foreach (var secondsAgo in new[] { 3600, 540, 60, 20 })
        {
            keycloak.Realm.AddLogin($"before-{secondsAgo}", keycloak.NowMs() - (secondsAgo * 1000L));
        }

        var reachable = false;
        keycloak.Faults.Always = _ => Volatile.Read(ref reachable) ? null : SimulatedFault.Booting;
        var source = await forwarder.PostAsync("/api/v1/sources", new
        {
            name = "realm",
            keycloak = new
            {
                baseUrl = keycloak.BaseUrl.ToString(), realm = keycloak.Realm.Name, clientId = keycloak.Realm.Client.ClientId, clientSecret = keycloak.Realm.Client.Secret,
                pollIntervalSeconds = 1, streams = new[] { "user" },
            },
        });
        keycloak.Realm.AddLogin("at that moment");
        Volatile.Write(ref reachable, true);
        var status = $"/api/v1/sources/{source["id"]}/status";
        await forwarder.WaitForAsync(status, node => node["poll"]?["streams"]?[0]?["completeAt"] is not null);
        keycloak.Realm.AddLogin("later");

        Assert.Equal(2, (await forwarder.WaitForAsync(status, node => node["storedEvents"]!.GetValue<long>() >= 2))["storedEvents"]!.GetValue<long>());
    }

    private static bool IsHistory(string request, SimulatedTier tier)
    {
        // With ids the live lane asks from a little before now; without, it never goes beyond the first pages.
        var query = System.Web.HttpUtility.ParseQueryString(request[(request.IndexOf('?', StringComparison.Ordinal) + 1)..]);
        return request.Contains("/events?", StringComparison.Ordinal) && query["max"] is not ("0" or "1" or "2") && (tier == SimulatedTier.WithIds
            ? !long.TryParse(query["dateFrom"], out var from) || DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() - from > 24L * 3600 * 1000
            : query["first"] is { } first && first != "0");
    }

    private static async Task WaitForCompleteAsync(ForwarderApplication forwarder)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(Token);
        bound.CancelAfter(TimeSpan.FromSeconds(30));
        while (true)
        {
            await using var command = forwarder.Services.GetRequiredService<NpgsqlDataSource>().CreateCommand(
                "SELECT count(*) FROM poll_checkpoint WHERE stream >= 16 AND state ->> 'isComplete' = 'true'");
            if (await command.ExecuteScalarAsync(bound.Token) is 1L)
            {
                return;
            }

            await Task.Delay(50, bound.Token);
        }
    }
}
