using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Service.Access;
using SiemForwarder.Service.Audit;
using SiemForwarder.Simulator.Receivers;
using Caller = SiemForwarder.EndToEnd.Access.Caller;

namespace SiemForwarder.EndToEnd.Audit;

/// <summary>Who changed, did or was refused what is written down for good, without a secret, and told.</summary>
public sealed class AuditTests(TestPostgres postgres)
{
    private const string Planted = "planted-secret";

    // Of the one PostgreSQL that all tests share.
    private const string Few = "--Forwarder:Database:MaxConnections=8";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task EveryChangeIsRecordedWithBeforeAndAfterAndNoSecret()
    {
        await using var forwarder = await StartAsync();
        var inbox = new { name = "apps", kind = "http", inbox = new { key = $"{Planted}-of-an-inbox" } };
        var source = (await forwarder.PostAsync("/api/v1/sources", inbox))["id"]!.GetValue<int>();
        await forwarder.PutAsync($"/api/v1/sources/{source}", new { name = "applications", inbox.kind, inbox.inbox });
        object Integration(string description, string header) => new
        {
            name = "siem", description, serverUrl = "http://127.0.0.1:9", outputType = "JSON", sources = new[] { source },
            authentication = new { type = "header", header = $"X-Auth: {Planted}-{header}" },
        };
        var id = (await forwarder.PostAsync("/api/v1/integrations", Integration("one", "first")))["id"]!.GetValue<int>();
        var path = $"/api/v1/integrations/{id}";
        await forwarder.PutAsync(path, Integration("two", "second"));
        await forwarder.PostAsync($"{path}/enable");
        await forwarder.PostAsync($"{path}/disable");
        Assert.Equal(204, (int)(await forwarder.SendAsync(HttpMethod.Delete, path, ifMatch: "\"4\"")).Status);
        await forwarder.SendAsync(HttpMethod.Delete, $"/api/v1/sources/{source}");
        var key = await forwarder.PostAsync("/api/v1/keys", new { name = "night", role = "siem-viewer" });
        var rotated = await forwarder.PostAsync($"/api/v1/keys/{key["id"]}/rotate", new { overlapSeconds = 60 });
        await forwarder.SendAsync(HttpMethod.Delete, $"/api/v1/keys/{key["id"]}");
        await forwarder.SendAsync(HttpMethod.Post, "/api/v1/engine-pools", new { name = "dmz", description = "outside" });
        await forwarder.SendAsync(HttpMethod.Put, "/api/v1/engine-pools/dmz", new { description = "further outside" });
        await forwarder.SendAsync(HttpMethod.Delete, "/api/v1/engine-pools/dmz");

        var rows = await RowsAsync(forwarder);

        Assert.Equal(
            [
                "source.create 201", "source.update 200", "integration.create 201", "integration.update 200", "integration.enable 200",
                "integration.disable 200", "integration.delete 204", "source.delete 428", "key.create 201", "key.rotate 200", "key.revoke 204",
                "engine_pool.create 201", "engine_pool.update 204", "engine_pool.delete 204",
            ],
            rows.Select(row => $"{row["action"]} {row["status"]}"));
        Assert.All(rows, row => Assert.Equal(
            ("admin key file", "key file", "127.0.0.1", "configuration"),
            ((string?)row["caller"], (string?)row["credential"], (string?)row["address"], (string?)row["kind"])));
        var (created, updated, deleted) = (rows[2], rows[3], rows[6]);
        Assert.Equal(($"integration:{id}", "siem", null, "one"), ((string?)created["target"], (string?)created["name"], (string?)created["before"], (string?)created["after"]!["description"]));
        Assert.Equal(("one", "two"), ((string?)updated["before"]!["description"], (string?)updated["after"]!["description"]));
        Assert.Equal("""["authentication.header"]""", updated["after"]!["changedSecrets"]!.ToJsonString());
        Assert.Equal((true, false), ((bool?)rows[5]["before"]!["enabled"], (bool?)rows[5]["after"]!["enabled"]));
        Assert.Equal(("two", null), ((string?)deleted["before"]!["description"], deleted["after"]));
        Assert.Equal(("refused", null, null), ((string?)rows[7]["outcome"], rows[7]["before"], rows[7]["after"]));
        Assert.Equal("""["key"]""", rows[9]["after"]!["changedSecrets"]!.ToJsonString());
        Assert.Equal($"key:{key["id"]}", (string?)rows[8]["target"]);
        Assert.Equal(("outside", "further outside"), ((string?)rows[12]["before"]!["description"], (string?)rows[12]["after"]!["description"]));
        var all = (string)(await ScalarAsync(forwarder, "SELECT string_agg(a::text, ' ') FROM audit a"))!;
        Assert.DoesNotContain(Planted, all, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(((string)key["key"]!).Split('_')[2], all, StringComparison.Ordinal);
        Assert.DoesNotContain(((string)rotated["key"]!).Split('_')[2], all, StringComparison.Ordinal);
        Assert.Equal(0L, await ScalarAsync(forwarder, "SELECT count(*) FROM audit_pending"));
    }

    [Fact]
    public async Task WhatOperatorsDoIsRecordedWithWhatTheyAskedFor()
    {
        await using var forwarder = await StartAsync();
        await using var receiver = TcpSyslogReceiver.Start();
        var source = await SeededLog.AddSourceAsync(forwarder);
        var id = await forwarder.AddIntegrationAsync(new { name = "siem", serverUrl = $"tcp://127.0.0.1:{receiver.Port}", outputType = "JSON", sources = new[] { source } });
        var made = await Caller.NewKeyAsync(forwarder, "siem-operator");
        using var caller = new Caller(forwarder.Address);
        var path = $"/api/v1/integrations/{id}";
        foreach (var (deed, body) in (IEnumerable<(string, object?)>)
                 [
                     ("pause", new { by = "somebody else", reason = "SIEM upgrade" }), ("resume", null), ("test", null), ("replays", new { everything = true, dryRun = true }),
                     ("set-aside/redrive", new { reason = "400" }),
                 ])
        {
            using var answer = await caller.SendAsync((string)made["key"]!, HttpMethod.Post, $"{path}/{deed}", body);
        }

        var rows = (await RowsAsync(forwarder)).Where(row => (string?)row["kind"] == "operation").ToList();

        Assert.Equal(
            ["integration.pause", "integration.resume", "integration.test", "replay.create", "set_aside.redrive"], rows.Select(row => (string?)row["action"]));
        Assert.All(rows, row => Assert.Equal(
            ($"key {made["id"]}", $"integration:{id}", "siem", "success"),
            ((string?)row["credential"], (string?)row["target"], (string?)row["name"], (string?)row["outcome"])));
        Assert.Equal("""{"request":{"reason":"SIEM upgrade"}}""", rows[0]["detail"]!.ToJsonString());
        Assert.NotNull(rows[0]["after"]!["pausedSince"]);
        Assert.Equal("""{"request":{"dryRun":true,"everything":true}}""", rows[3]["detail"]!.ToJsonString());
    }

    [Fact]
    public async Task EveryEndpointThatChangesSomethingIsRecorded()
    {
        await using var forwarder = await StartAsync();

        var changing = forwarder.Services.GetServices<EndpointDataSource>().SelectMany(one => one.Endpoints)
            .Where(one => one.Metadata.GetMetadata<NeededPermission>()?.Permission is Permission.Configure or Permission.Operate).ToList();

        Assert.InRange(changing.Count, 20, 100);
        Assert.All(changing, one => Assert.True(one.Metadata.GetMetadata<RecordedChanges>() is not null, one.DisplayName));
    }

    [Fact]
    public async Task RefusedAccessIsRecordedAFewTimesAndThenCounted()
    {
        var clock = new MovedClock();
        await using var forwarder = await ForwarderApplication.StartAsync(postgres, clock, Few);
        var viewer = await Caller.NewKeyAsync(forwarder, "siem-viewer");
        var wrong = $"sfk_{viewer["id"]}_{new string('0', 64)}";
        using var stranger = new Caller(forwarder.Address, "127.0.0.2");
        using var guesser = new Caller(forwarder.Address, "127.0.0.3");

        await stranger.GetAsync(null);
        (await stranger.SendAsync((string)viewer["key"]!, HttpMethod.Post, "/api/v1/keys", new { name = "mine", role = "siem-admin" })).Dispose();
        for (var i = 0; i < 20; i++)
        {
            await guesser.GetAsync(wrong, $"/api/v1/sources/{i}");
        }

        clock.Move(TimeSpan.FromMinutes(2));
        await WorkAsync(forwarder);
        var rows = (await RowsAsync(forwarder)).Where(row => (string?)row["kind"] == "access").ToList();

        Assert.Equal(5, rows.Count);
        Assert.All(rows, row => Assert.Equal(("access.refused", "refused"), ((string?)row["action"], (string?)row["outcome"])));
        Assert.Equal(
            ("127.0.0.2", $"key {viewer["id"]}", "POST /api/v1/keys", 403),
            ((string?)rows[0]["address"], (string?)rows[0]["credential"], (string?)rows[0]["target"], rows[0]["status"]!.GetValue<int>()));
        Assert.Equal(
            ("127.0.0.3", $"key {viewer["id"]}", "", "GET /api/v1/sources/0", 401),
            ((string?)rows[1]["address"], (string?)rows[1]["credential"], (string?)rows[1]["caller"], (string?)rows[1]["target"], rows[1]["status"]!.GetValue<int>()));
        Assert.Equal(("127.0.0.3", 17), ((string?)rows[4]["address"], rows[4]["detail"]!["count"]!.GetValue<int>()));
        Assert.DoesNotContain(new string('0', 64), (string)(await ScalarAsync(forwarder, "SELECT string_agg(a::text, ' ') FROM audit a WHERE kind = 'access'"))!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheTrailCannotBeChangedAndWhatIsForgedAllTheSameIsFound()
    {
        await using var forwarder = await StartAsync();
        for (var i = 1; i <= 4; i++)
        {
            await forwarder.SendAsync(HttpMethod.Post, "/api/v1/engine-pools", new { name = $"pool {i}" });
        }

        foreach (var sql in (string[])["UPDATE audit SET caller = 'nobody'", "DELETE FROM audit", "DELETE FROM audit WHERE id = 99", "TRUNCATE audit"])
        {
            var refusal = await Assert.ThrowsAsync<PostgresException>(() => ScalarAsync(forwarder, sql));
            Assert.Equal("The audit trail is append-only.", refusal.MessageText);
        }

        var whole = await forwarder.GetAsync("/api/v1/audit/verify");
        Assert.Equal((true, 4L, null), ((bool)whole["whole"]!, (long)whole["records"]!, (long?)whole["brokenAt"]));
        Assert.Equal((string?)(await RowsAsync(forwarder))[^1]["hash"], (string?)whole["lastHash"]);

        Assert.Equal((3L, "Row 3 was changed after it was written."), await ForgeAsync(forwarder, "UPDATE audit SET caller = 'nobody' WHERE id = 3"));
        Assert.Equal((2L, "Row 2 is missing."), await ForgeAsync(forwarder, "DELETE FROM audit WHERE id = 2"));
        Assert.Equal((1L, "Row 1 and all later ones are missing: the trail had 4."), await ForgeAsync(forwarder, "TRUNCATE audit"));
    }

    [Fact]
    public async Task AnAuditorReadsTheTrailAndAViewerDoesNot()
    {
        await using var forwarder = await StartAsync();
        var viewer = await Caller.NewKeyAsync(forwarder, "siem-viewer");
        var auditor = await Caller.NewKeyAsync(forwarder, "siem-auditor");
        using var caller = new Caller(forwarder.Address);
        foreach (var path in (string[])["/api/v1/audit", "/api/v1/audit/export", "/api/v1/audit/verify"])
        {
            Assert.Equal((403, 200), (await caller.GetAsync((string)viewer["key"]!, path), await caller.GetAsync((string)auditor["key"]!, path)));
        }

        using var export = await caller.SendAsync((string)auditor["key"]!, HttpMethod.Get, "/api/v1/audit/export?action=key");
        var lines = (await export.Content.ReadAsStringAsync(Token)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!).ToList();

        Assert.Equal("application/x-ndjson", export.Content.Headers.ContentType!.MediaType);
        Assert.Equal([$"key:{viewer["id"]}", $"key:{auditor["id"]}"], lines.Select(line => (string?)line["target"]));
        Assert.Equal((string?)lines[0]["hash"], (string?)lines[1]["previous"]);
        Assert.Equal(3L, await TotalAsync(forwarder, "outcome=refused&caller=" + Uri.EscapeDataString((string)viewer["name"]!)));
        Assert.Equal(1L, await TotalAsync(forwarder, $"target=key:{auditor["id"]}&action=key.create&from=2020-01-01T00:00:00Z"));
        Assert.Equal(0L, await TotalAsync(forwarder, "to=2020-01-01T00:00:00Z"));
        Assert.Single((await forwarder.GetAsync("/api/v1/audit?pageSize=1&page=2"))["items"]!.AsArray());
        Assert.Equal(["to", "outcome"], (await forwarder.SendAsync(HttpMethod.Get, "/api/v1/audit?from=2021-01-01T00:00:00Z&to=2020-01-01T00:00:00Z&outcome=good")).Fields);
    }

    [Fact]
    public async Task ARecordIsDeliveredAsAnEventOnce()
    {
        await using var forwarder = await StartAsync();
        await using var receiver = TcpSyslogReceiver.Start();
        await forwarder.AddIntegrationAsync(new { name = "watch", serverUrl = $"tcp://127.0.0.1:{receiver.Port}", outputType = "JSON", sources = new[] { 0 } });
        await WorkAsync(forwarder);
        await receiver.WaitForMessagesAsync(2, Token);
        await forwarder.SendAsync(HttpMethod.Post, "/api/v1/engine-pools", new { name = "dmz", description = "outside" });

        await WorkAsync(forwarder);
        await ScalarAsync(forwarder, "UPDATE audit_head SET told_id = 0");
        await WorkAsync(forwarder);
        await receiver.WaitForMessagesAsync(3, Token);

        var told = JsonNode.Parse(receiver.Messages[2])!;
        var row = (await RowsAsync(forwarder))[2];
        Assert.Equal(
            ("CONFIGURATION_CHANGED", "success", "dmz", "pool:dmz", "admin key file", "127.0.0.1"),
            ((string?)told["event_type"], (string?)told["outcome"], (string?)told["subject"], (string?)told["subject_id"], (string?)told["requestor"], (string?)told["ip_address"]));
        Assert.Contains((string)row["hash"]!, told.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal(3L, await ScalarAsync(forwarder, "SELECT next_position - 1 FROM log_head WHERE source_id = 0"));
    }

    [Fact]
    public async Task WhatCannotBeRecordedIsNotDoneAndWhatWasDoneIsRecordedLater()
    {
        var clock = new MovedClock();
        await using var forwarder = await ForwarderApplication.StartAsync(postgres, clock, Few);

        await ScalarAsync(forwarder, "ALTER TABLE audit_pending RENAME TO away");
        var refused = await forwarder.SendAsync(HttpMethod.Post, "/api/v1/engine-pools", new { name = "first" });
        await ScalarAsync(forwarder, "ALTER TABLE away RENAME TO audit_pending");
        await ScalarAsync(forwarder, "ALTER TABLE audit RENAME TO away");
        var unrecorded = await forwarder.SendAsync(HttpMethod.Post, "/api/v1/engine-pools", new { name = "second" });
        await ScalarAsync(forwarder, "ALTER TABLE away RENAME TO audit");
        clock.Move(AuditService.AbandonedAfter + TimeSpan.FromMinutes(1));
        await WorkAsync(forwarder);

        Assert.Equal((HttpStatusCode.ServiceUnavailable, HttpStatusCode.ServiceUnavailable), (refused.Status, unrecorded.Status));
        var pools = (await forwarder.GetAsync("/api/v1/engine-pools"))["items"]!.AsArray().Select(pool => (string?)pool!["name"]);
        Assert.Equal(["default", "second"], pools);
        var row = Assert.Single(await RowsAsync(forwarder));
        Assert.Equal(("engine_pool.create", "unknown"), ((string?)row["action"], (string?)row["outcome"]));
        Assert.NotNull(row["detail"]!["begunAt"]);
        Assert.True((bool)(await forwarder.GetAsync("/api/v1/audit/verify"))["whole"]!);
    }

    [Theory]
    [InlineData("disable")]
    [InlineData("delete")]
    [InlineData("url")]
    [InlineData("filter")]
    public async Task AnIntegrationThatIsSilencedHasALastEvent(string how)
    {
        await using var forwarder = await StartAsync();
        await using var receiver = TcpSyslogReceiver.Start();
        var source = await SeededLog.AddSourceAsync(forwarder);
        object Integration(string url, string[] excluded) => new
        {
            name = "siem", serverUrl = url, outputType = "JSON", sources = new[] { source }, enabled = true,
            filter = excluded.Length == 0 ? null : new { exclude = new { types = excluded } },
        };
        var old = $"tcp://127.0.0.1:{receiver.Port}";
        var id = (await forwarder.PostAsync("/api/v1/integrations", Integration(old, [])))["id"]!.GetValue<int>();
        var path = $"/api/v1/integrations/{id}";

        switch (how)
        {
            case "disable": await forwarder.PostAsync($"{path}/disable"); break;
            case "delete": Assert.Equal(204, (int)(await forwarder.SendAsync(HttpMethod.Delete, path, ifMatch: "\"1\"")).Status); break;
            case "url": await forwarder.PutAsync(path, Integration("tcp://127.0.0.1:9", [])); break;
            default: await forwarder.PutAsync(path, Integration(old, ["LOGIN"])); break;
        }

        await receiver.WaitForMessagesAsync(1, Token);
        var told = JsonNode.Parse(Assert.Single(receiver.Messages))!;
        Assert.Equal(("CONFIGURATION_CHANGED", "siem", $"integration:{id}"), ((string?)told["event_type"], (string?)told["subject"], (string?)told["subject_id"]));
        var row = (await RowsAsync(forwarder))[^1];
        Assert.StartsWith("delivered", (string?)row["detail"]!["lastEvent"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task ADestinationThatIsAwayDoesNotKeepItsIntegrationFromBeingDisabled()
    {
        await using var forwarder = await StartAsync();
        var source = await SeededLog.AddSourceAsync(forwarder);
        var id = await forwarder.AddIntegrationAsync(new { name = "away", serverUrl = "tcp://127.0.0.1:9", outputType = "JSON", sources = new[] { source } });

        var disabled = await forwarder.PostAsync($"/api/v1/integrations/{id}/disable");

        Assert.False((bool)disabled["enabled"]!);
        Assert.StartsWith("failed", (string?)(await RowsAsync(forwarder))[^1]["detail"]!["lastEvent"], StringComparison.Ordinal);
    }

    private Task<ForwarderApplication> StartAsync() => ForwarderApplication.StartAsync(postgres, Few);

    private static Task WorkAsync(ForwarderApplication forwarder) => forwarder.Services.GetRequiredService<AuditService>().WorkAsync(Token);

    /// <summary>All records, oldest first.</summary>
    private static async Task<List<JsonNode>> RowsAsync(ForwarderApplication forwarder) =>
        [.. (await forwarder.GetAsync("/api/v1/audit?pageSize=200"))["items"]!.AsArray().Select(row => row!).Reverse()];

    private static async Task<long> TotalAsync(ForwarderApplication forwarder, string query) => (long)(await forwarder.GetAsync($"/api/v1/audit?{query}"))["total"]!;

    // As somebody with the rights of the database's owner would.
    private static async Task<(long? At, string? Reason)> ForgeAsync(ForwarderApplication forwarder, string sql)
    {
        await ScalarAsync(forwarder, $"ALTER TABLE audit DISABLE TRIGGER audit_append_only; {sql}; ALTER TABLE audit ENABLE TRIGGER audit_append_only");
        var found = await forwarder.GetAsync("/api/v1/audit/verify");
        Assert.False((bool)found["whole"]!);
        return ((long?)found["brokenAt"], (string?)found["reason"]);
    }

    private static async Task<object?> ScalarAsync(ForwarderApplication forwarder, string sql)
    {
        await using var command = forwarder.Services.GetRequiredService<NpgsqlDataSource>().CreateCommand(sql);
        return await command.ExecuteScalarAsync(Token);
    }
}
