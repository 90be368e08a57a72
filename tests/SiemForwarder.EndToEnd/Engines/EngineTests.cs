using System.Text.Json.Nodes;
using Npgsql;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Simulator;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Engines;

/// <summary>Any number of engines on one database share the work, and never do it twice.</summary>
public sealed class EngineTests(TestPostgres postgres)
{
    [Fact]
    public async Task ATestRunsOnAnEngineOfTheIntegrationsPoolAndOnNoOther()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres, "--Forwarder:Engine:Name=office");
        await using var receiver = TcpSyslogReceiver.Start();
        Assert.Equal(201, (int)(await forwarder.SendAsync(HttpMethod.Post, "/api/v1/engine-pools", new { name = "dmz" })).Status);
        var id = (await forwarder.PostAsync("/api/v1/integrations", new { name = "far", serverUrl = $"tcp://127.0.0.1:{receiver.Port}", enginePool = "dmz" }))["id"];

        var nobody = await forwarder.SendAsync(HttpMethod.Post, $"/api/v1/integrations/{id}/test", new { });
        Assert.Equal(409, (int)nobody.Status);
        Assert.Contains("'dmz'", nobody.Text, StringComparison.Ordinal);

        await using var far = await ForwarderApplication.StartOnAsync(forwarder.ConnectionString, "--Forwarder:Engine:Name=far", "--Forwarder:Engine:Pools:0=dmz");
        await forwarder.WaitForAsync("/api/v1/engines", node => node["items"]!.AsArray().Any(engine => (string?)engine!["name"] == "far"));
        var report = await forwarder.PostAsync($"/api/v1/integrations/{id}/test");

        Assert.True(report["succeeded"]!.GetValue<bool>(), report.ToJsonString());
        Assert.Equal("far", (string?)report["engine"]);
        await receiver.WaitForMessagesAsync(1, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task TwoEnginesShareTheIntegrationsEvenly()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var first = await ForwarderApplication.StartOnAsync(database, "--Forwarder:Engine:Name=first");
        for (var i = 0; i < 6; i++)
        {
            await first.AddIntegrationAsync(new { name = $"integration {i}", serverUrl = "udp://127.0.0.1:9" });
        }

        await first.WaitForAsync("/api/v1/engines", node => Integrations(node, "first") == 6);
        await using var second = await ForwarderApplication.StartOnAsync(database, "--Forwarder:Engine:Name=second");

        await second.WaitForAsync("/api/v1/engines", node => Integrations(node, "first") == 3 && Integrations(node, "second") == 3);
    }

    [Fact]
    public async Task TheWorkOfAnEngineThatEndsMovesToAnotherAndNothingIsLostOrRepeated()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var receiver = TcpSyslogReceiver.Start();
        await using var second = await ForwarderApplication.StartOnAsync(database, "--Forwarder:Engine:Name=second", "--Forwarder:Engine:Roles:0=api");
        List<string> ids = [];
        int source;
        await using (var first = await ForwarderApplication.StartOnAsync(database, "--Forwarder:Engine:Name=first"))
        {
            source = await SeededLog.AddSourceAsync(first);
            await first.AddIntegrationAsync(new { name = "moving", serverUrl = $"tcp://127.0.0.1:{receiver.Port}", outputType = "JSON" });
            ids.AddRange(await SeededLog.AppendAsync(first, source, Enumerable.Range(0, 300).Select(i => $"user-{i}")));
            await first.WaitForAsync("/api/v1/integrations/1/status", node => node["backlog"]!.GetValue<long>() == 0);
        }

        ids.AddRange(await SeededLog.AppendAsync(second, source, Enumerable.Range(0, 300).Select(i => $"late-{i}"), 1_789_041_700_000));
        var status = await second.GetAsync("/api/v1/integrations/1/status");
        Assert.Equal("Error", status["status"]!.GetValue<string>());
        Assert.Contains("No engine of the pool 'default' is alive", status["lastError"]!["message"]!.GetValue<string>(), StringComparison.Ordinal);
        await using var third = await ForwarderApplication.StartOnAsync(database, "--Forwarder:Engine:Name=third");

        status = await third.WaitForAsync("/api/v1/integrations/1/status", node => node["backlog"]!.GetValue<long>() == 0);
        Assert.Equal("third", status["engine"]!.GetValue<string>());
        Assert.Equal(ids, receiver.Messages.Select(message => JsonNode.Parse(message)!["event_id"]!.GetValue<string>()));
    }

    [Fact]
    public async Task ACheckpointMovesForNoFenceButTheOneInForce()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var receiver = TcpSyslogReceiver.Start();
        await using var forwarder = await ForwarderApplication.StartOnAsync(database);
        var source = await SeededLog.AddSourceAsync(forwarder);
        await forwarder.AddIntegrationAsync(new { name = "fenced", serverUrl = $"tcp://127.0.0.1:{receiver.Port}", outputType = "JSON" });
        await SeededLog.AppendAsync(forwarder, source, ["one"]);
        await forwarder.WaitForAsync("/api/v1/integrations/1/status", node => node["backlog"]!.GetValue<long>() == 0);

        // Another engine takes the lease behind the back of this one, as after a long pause.
        await using var data = NpgsqlDataSource.Create(database);
        await using (var take = data.CreateCommand("UPDATE lease SET engine = 'other', fence = fence + 1, expires_at = now() + interval '1 hour'"))
        {
            await take.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        await SeededLog.AppendAsync(forwarder, source, ["two"], 1_789_041_700_000);
        await forwarder.WaitForAsync("/api/v1/engines", node => Integrations(node, node["items"]![0]!["name"]!.GetValue<string>()) == 0);

        var status = await forwarder.GetAsync("/api/v1/integrations/1/status");
        Assert.Equal(1, status["backlog"]!.GetValue<long>());
    }

    [Fact]
    public async Task AnIntegrationRunsOnlyInItsPool()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var receiver = TcpSyslogReceiver.Start();
        await using var office = await ForwarderApplication.StartOnAsync(database, "--Forwarder:Engine:Name=office");
        await office.Api.PostAsync("/api/v1/engine-pools", System.Net.Http.Json.JsonContent.Create(new { name = "plant", description = "behind the wall" }), TestContext.Current.CancellationToken);
        var source = await SeededLog.AddSourceAsync(office);
        var id = await office.AddIntegrationAsync(new { name = "pooled", serverUrl = $"tcp://127.0.0.1:{receiver.Port}", outputType = "JSON", enginePool = "plant" });
        await SeededLog.AppendAsync(office, source, ["one"]);
        await office.WaitForAsync($"/api/v1/integrations/{id}/status", node => node["status"]!.GetValue<string>() == "Error");

        await using var plant = await ForwarderApplication.StartOnAsync(database, "--Forwarder:Engine:Name=plant-1", "--Forwarder:Engine:Pools:0=plant");

        var status = await office.WaitForAsync($"/api/v1/integrations/{id}/status", node => node["status"]!.GetValue<string>() == "Success");
        Assert.Equal("plant-1", status["engine"]!.GetValue<string>());
        using var inUse = await office.Api.DeleteAsync("/api/v1/engine-pools/plant", TestContext.Current.CancellationToken);
        Assert.Equal(System.Net.HttpStatusCode.Conflict, inUse.StatusCode);
    }

    [Fact]
    public async Task APausedEngineCannotMoveACheckpointAfterItWakesAndItsWorkMovesWithinTenSeconds()
    {
        await using var keycloak = await KeycloakSimulator.StartAsync(new SimulatorOptions(), TestContext.Current.CancellationToken);
        keycloak.Realm.RecordsTokens = false;
        await using var receiver = HttpReceiver.Start(new HttpReply(200));
        var database = await postgres.CreateDatabaseAsync();
        Dictionary<string, string> Settings(string name) => new() { ["ConnectionStrings__Forwarder"] = database, ["Forwarder__Engine__Name"] = name, ["Forwarder__Operations__Interval"] = "1.00:00:00" };
        await using var first = new ForwarderProcess(ForwarderProcess.NewFolder(), Settings("first"));
        await first.StartAsync(TestContext.Current.CancellationToken);
        await first.PostAsync("/api/v1/integrations", new { name = "json", serverUrl = $"http://127.0.0.1:{receiver.Port}", enabled = true }, TestContext.Current.CancellationToken);
        await first.PostAsync("/api/v1/sources", new
        {
            name = "realm",
            keycloak = new { baseUrl = keycloak.BaseUrl.ToString().TrimEnd('/'), realm = keycloak.Realm.Name, clientId = "siem-forwarder", clientSecret = "siem-forwarder-secret", pollIntervalSeconds = 1, start = "everything" },
        }, TestContext.Current.CancellationToken);
        keycloak.Realm.AddLogin("before");
        await WaitForRequestsAsync(receiver, 1);
        await using var second = new ForwarderProcess(ForwarderProcess.NewFolder(), Settings("second"));
        await second.StartAsync(TestContext.Current.CancellationToken);

        await SignalAsync("STOP", first.Process!.Id);
        keycloak.Realm.AddLogin("while paused");
        var clock = System.Diagnostics.Stopwatch.StartNew();
        await WaitForRequestsAsync(receiver, 2);
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 15);
        await SignalAsync("CONT", first.Process.Id);
        keycloak.Realm.AddLogin("after");

        await WaitForRequestsAsync(receiver, 3);
        var ids = receiver.Requests.Select(request => JsonNode.Parse(request.PlainBody)!["event_id"]!.GetValue<string>()).ToList();
        Assert.Equal(ids.Distinct().Count(), keycloak.Realm.UserEvents.Count);
        Assert.InRange(ids.Count - ids.Distinct().Count(), 0, 1);
    }

    private static int Integrations(JsonNode engines, string name) =>
        engines["items"]!.AsArray().Where(engine => engine!["name"]!.GetValue<string>() == name).Sum(engine => engine!["integrations"]!.AsArray().Count);

    private static async Task WaitForRequestsAsync(HttpReceiver receiver, int count)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bound.CancelAfter(TimeSpan.FromSeconds(60));
        await receiver.WaitForRequestsAsync(count, bound.Token);
    }

    private static async Task SignalAsync(string signal, int pid)
    {
        using var kill = System.Diagnostics.Process.Start("kill", [$"-{signal}", $"{pid}"]);
        await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
    }
}
