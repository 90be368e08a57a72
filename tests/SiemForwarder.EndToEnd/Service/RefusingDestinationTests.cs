using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Service.Operations;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Service;

/// <summary>What an administrator sees of a destination that refuses events for good, and how lists are narrowed to what needs attention.</summary>
public sealed class RefusingDestinationTests(TestPostgres postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task TheFirstRefusalIsAnErrorAndAnAlarmUntilSomebodyDecides()
    {
        await using var forwarder = await StartAsync();
        await using var receiver = HttpReceiver.Start(new HttpReply(422, "no such index"));
        var source = await SeededLog.AddSourceAsync(forwarder);
        var id = await forwarder.AddIntegrationAsync(new { name = "refusing", serverUrl = $"http://127.0.0.1:{receiver.Port}/", sources = new[] { source } });
        await SeededLog.AppendAsync(forwarder, source, ["alice"]);

        var status = await forwarder.WaitForAsync($"/api/v1/integrations/{id}/status", node => (string?)node["status"] != "Not yet invoked");

        Assert.Equal(("Error", "Rejected", 1L), ((string?)status["status"], (string?)status["lastError"]!["category"], status["setAside"]!.GetValue<long>()));
        Assert.Contains("accepted none of the batch", (string?)status["lastError"]!["message"], StringComparison.Ordinal);
        Assert.Contains($"/api/v1/integrations/{id}/set-aside", (string?)status["lastError"]!["message"], StringComparison.Ordinal);
        Assert.Null(status["nextAttemptAt"]);
        Assert.Equal((string?)status["lastError"]!["message"], (string?)(await forwarder.GetAsync($"/api/v1/integrations/{id}"))["status"]!["message"]);

        await LookAsync(forwarder);
        var alarm = Assert.Single(await ListAsync(forwarder, "/api/v1/alarms"))!;
        Assert.Equal(("EVENTS_SET_ASIDE", $"integration:{id}"), ((string?)alarm["kind"], (string?)alarm["subject"]));
        Assert.Contains("redrive or discard", (string?)alarm["message"], StringComparison.Ordinal);

        await forwarder.PostAsync($"/api/v1/integrations/{id}/set-aside/discard", new { because = "a test user" });
        await LookAsync(forwarder);

        Assert.Equal("Not yet invoked", (string?)(await forwarder.GetAsync($"/api/v1/integrations/{id}/status"))["status"]);
        Assert.Empty(await ListAsync(forwarder, "/api/v1/alarms"));
    }

    [Fact]
    public async Task ABatchThatIsTakenButForSomeEventsIsASuccessThatSaysSo()
    {
        await using var forwarder = await StartAsync();
        await using var receiver = HttpReceiver.Start(request =>
            Encoding.UTF8.GetString(request.PlainBody).Contains("poison", StringComparison.Ordinal) ? new HttpReply(400, "cannot parse") : new HttpReply(200));
        var source = await SeededLog.AddSourceAsync(forwarder);
        var id = await forwarder.AddIntegrationAsync(new
        {
            name = "in part", serverUrl = $"http://127.0.0.1:{receiver.Port}/", http = new { body = "ndjson" }, sources = new[] { source },
        });

        // The refused one is the last of the batch: that nothing came behind it makes no error of it.
        await SeededLog.AppendAsync(forwarder, source, ["alice", "bob", "carol", "poison"]);

        var status = await forwarder.WaitForAsync($"/api/v1/integrations/{id}/status", node => node["setAside"]!.GetValue<long>() == 1);
        Assert.Equal(("Success", "Rejected"), ((string?)status["status"], (string?)status["lastError"]!["category"]));
        Assert.DoesNotContain("accepted none", (string?)status["lastError"]!["message"], StringComparison.Ordinal);
        await LookAsync(forwarder);
        Assert.Equal("EVENTS_SET_ASIDE", (string?)Assert.Single(await ListAsync(forwarder, "/api/v1/alarms"))!["kind"]);
    }

    [Fact]
    public async Task ARefusedEventThatIsTakenAfterAllEndsTheErrorAndTheAlarm()
    {
        await using var forwarder = await StartAsync();
        var mended = false;
        await using var receiver = HttpReceiver.Start(_ => Volatile.Read(ref mended) ? new HttpReply(200) : new HttpReply(422, "never"));
        var source = await SeededLog.AddSourceAsync(forwarder);
        var id = await forwarder.AddIntegrationAsync(new { name = "mended", serverUrl = $"http://127.0.0.1:{receiver.Port}/", sources = new[] { source } });
        await SeededLog.AppendAsync(forwarder, source, ["alice"]);
        await forwarder.WaitForAsync($"/api/v1/integrations/{id}/status", node => (string?)node["status"] == "Error");
        await LookAsync(forwarder);
        Volatile.Write(ref mended, true);

        await forwarder.PostAsync($"/api/v1/integrations/{id}/set-aside/redrive");

        var status = await forwarder.WaitForAsync($"/api/v1/integrations/{id}/status", node => (string?)node["status"] == "Success");
        Assert.Equal(0, status["setAside"]!.GetValue<long>());
        Assert.NotNull(status["lastSuccessAt"]);
        await LookAsync(forwarder);
        Assert.Empty(await ListAsync(forwarder, "/api/v1/alarms"));
    }

    [Fact]
    public async Task ListsOfIntegrationsAreNarrowedByStateAndADisabledOneSaysSo()
    {
        await using var forwarder = await StartAsync();
        await using var receiver = HttpReceiver.Start(new HttpReply(200));
        await using var refusing = HttpReceiver.Start(new HttpReply(422));
        var (source, other) = (await SeededLog.AddSourceAsync(forwarder, "one"), await SeededLog.AddSourceAsync(forwarder, "other"));
        var works = await forwarder.AddIntegrationAsync(new { name = "works", serverUrl = $"http://127.0.0.1:{receiver.Port}/", sources = new[] { source } });
        var fails = await forwarder.AddIntegrationAsync(new { name = "fails", serverUrl = $"http://127.0.0.1:{refusing.Port}/", sources = new[] { source } });
        var idle = await forwarder.AddIntegrationAsync(new { name = "idle", serverUrl = $"http://127.0.0.1:{receiver.Port}/", sources = new[] { other } });
        await SeededLog.AppendAsync(forwarder, source, ["alice"]);
        await forwarder.WaitForAsync($"/api/v1/integrations/{works}/status", node => (string?)node["status"] == "Success");
        await forwarder.WaitForAsync($"/api/v1/integrations/{fails}/status", node => (string?)node["status"] == "Error");

        Assert.Equal([works], await IdsAsync(forwarder, "/api/v1/integrations?status=success"));
        Assert.Equal([fails], await IdsAsync(forwarder, "/api/v1/integrations?status=Error"));
        Assert.Equal([idle], await IdsAsync(forwarder, "/api/v1/integrations?status=Not%20yet%20invoked"));
        Assert.Empty(await IdsAsync(forwarder, "/api/v1/integrations?status=Disabled"));
        Assert.Equal(["status"], (await forwarder.SendAsync(HttpMethod.Get, "/api/v1/integrations?status=Broken")).Fields);

        var disabled = await forwarder.PostAsync($"/api/v1/integrations/{works}/disable");
        Assert.Equal("Disabled", (string?)disabled["status"]!["status"]);
        Assert.Equal("Disabled", (string?)(await forwarder.GetAsync($"/api/v1/integrations/{works}/status"))["status"]);
        Assert.Equal([works], await IdsAsync(forwarder, "/api/v1/integrations?status=Disabled"));
        Assert.Empty(await IdsAsync(forwarder, "/api/v1/integrations?status=Success"));

        // What is enabled again has sent nothing since.
        var enabled = await forwarder.PostAsync($"/api/v1/integrations/{works}/enable");
        Assert.Equal("Not yet invoked", (string?)enabled["status"]!["status"]);
    }

    [Fact]
    public async Task ListsOfSourcesAreNarrowedByStateToo()
    {
        await using var forwarder = await StartAsync();
        var disabled = await SeededLog.AddSourceAsync(forwarder, "disabled");
        var inbox = (await forwarder.PostAsync("/api/v1/sources", new { name = "inbox", kind = "http", inbox = new { key = "0123456789abcdef-key" } }))["id"]!.GetValue<int>();
        var failing = await SeededLog.AddSourceAsync(forwarder, "failing");
        await ExecuteAsync(forwarder, $"""
            UPDATE source SET enabled = true WHERE id = {failing};
            INSERT INTO source_status (source_id, engine, report, failing_since, error, auditing_off, updated_at)
            VALUES ({failing}, 'one', jsonb_build_object(), now(), 'Keycloak is away.', string_to_array('', ' '), now())
            """);

        Assert.Equal([disabled], await IdsAsync(forwarder, "/api/v1/sources?status=Disabled"));
        Assert.Equal([failing], await IdsAsync(forwarder, "/api/v1/sources?status=Error"));
        Assert.Equal([inbox], await IdsAsync(forwarder, "/api/v1/sources?status=Not%20yet%20invoked"));
        var shown = (await forwarder.GetAsync($"/api/v1/sources/{failing}"))["status"]!;
        Assert.Equal("Error", (string?)shown["status"]);
        Assert.NotNull(shown["since"]);
        Assert.NotEmpty((string)shown["message"]!);
        await SeededLog.AppendAsync(forwarder, inbox, ["alice"]);
        Assert.Equal([inbox], await IdsAsync(forwarder, "/api/v1/sources?status=Success"));
        Assert.Equal(HttpStatusCode.BadRequest, (await forwarder.SendAsync(HttpMethod.Get, "/api/v1/sources?status=upToDate")).Status);
    }

    // Looks are asked for by the tests; trouble counts at once.
    private Task<ForwarderApplication> StartAsync() => ForwarderApplication.StartAsync(
        postgres, "--Forwarder:Operations:Interval=1.00:00:00", "--Forwarder:Operations:FailingAfter=00:00:00");

    private static Task LookAsync(ForwarderApplication forwarder) =>
        forwarder.Services.GetRequiredService<OperationsService>().LookInTurnAsync(Token);

    private static async Task<JsonArray> ListAsync(ForwarderApplication forwarder, string path) => (await forwarder.GetAsync(path))["items"]!.AsArray();

    private static async Task<IEnumerable<int>> IdsAsync(ForwarderApplication forwarder, string path) =>
        (await ListAsync(forwarder, path)).Select(item => item!["id"]!.GetValue<int>());

    private static async Task ExecuteAsync(ForwarderApplication forwarder, string sql)
    {
        await using var command = forwarder.Services.GetRequiredService<NpgsqlDataSource>().CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Token);
    }
}
