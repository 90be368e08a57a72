using System.Text.Json.Nodes;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Simulator;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Service;

/// <summary>Admin events reach the SIEM with the names of those who acted and were acted upon, also after a restart of everything in memory.</summary>
public sealed class UserNamesTests(TestPostgres postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AnAdminEventNamesWhoActedAndOnWhomInDeliveryJourneyAndSearch()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var keycloak = await KeycloakSimulator.StartAsync(new SimulatorOptions(), Token);
        keycloak.Realm.RecordsTokens = false;
        keycloak.Realm.Client.Roles = ["view-events", "view-users"];
        keycloak.Realm.Users[SimulatedRealm.AdminId] = "carol";
        keycloak.Realm.Users["u1"] = "alice";
        await using var receiver = HttpReceiver.Start(new HttpReply(200));
        await using var forwarder = await ForwarderApplication.StartOnAsync(database);
        await forwarder.AddIntegrationAsync(new { name = "siem", serverUrl = $"http://127.0.0.1:{receiver.Port}/", http = new { body = "ndjson" } });
        var source = await forwarder.PostAsync("/api/v1/sources", new
        {
            name = "realm",
            keycloak = new
            {
                baseUrl = keycloak.BaseUrl.ToString(), realm = keycloak.Realm.Name, clientId = keycloak.Realm.Client.ClientId,
                clientSecret = keycloak.Realm.Client.Secret, start = "everything", pollIntervalSeconds = 1,
            },
        });

        var id = keycloak.Realm.AddAdminEvent("CREATE", "REALM_ROLE_MAPPING", "users/u1/role-mappings/realm", """[{"name":"auditor"}]""");
        await receiver.WaitForRequestsAsync(1, Token);

        var sent = JsonNode.Parse(receiver.Requests[0].PlainBody)!;
        Assert.Equal(("carol", "alice"), ((string?)sent["requestor"], (string?)sent["subject"]));
        var found = await forwarder.WaitForAsync($"/api/v1/events?user=ALICE&source={source["id"]}&from=2020-01-01T00:00:00Z", node => node["total"]!.GetValue<int>() == 1);
        Assert.Equal($"{id}", (string?)found["items"]![0]!["eventId"]);

        // Another process knows the names from the log alone.
        keycloak.Realm.Users.Clear();
        await using var again = await ForwarderApplication.StartOnAsync(database);
        var journey = await again.GetAsync($"/api/v1/events/{id}");
        Assert.Equal("carol", (string?)journey["normalized"]!["requestor"]);
    }
}
