using System.Net;
using System.Text.Json.Nodes;
using Npgsql;
using SiemForwarder.EndToEnd.Inbox;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Service.Engines;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Service;

/// <summary>Settings that a newer version saved stop what they belong to with a sentence, and nothing else.</summary>
public sealed class NewerVersionTests(TestPostgres postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("definition = jsonb_set(definition, '{outputType}', '\"Protobuf\"')", "'outputType'")]
    [InlineData("definition = jsonb_set(definition, '{syslog,framing}', '\"quic\"')", "'syslog.framing'")]
    [InlineData("definition = jsonb_set(definition, '{http,codec}', '\"zstd\"')", "'http.codec'")]
    [InlineData("definition = definition #- '{syslog,facility}'", "'syslog'")]
    [InlineData("definition = jsonb_set(definition, '{schema}', '\"ocsf-9\"')", "'ocsf-9'")]
    [InlineData("definition = jsonb_set(definition, '{encryption}', '{\"key\":\"x\"}')", "'encryption'")]
    [InlineData("definition = jsonb_set(definition, '{filter,include}', '{\"countries\":[\"DE\"]}')", "'filter.include.countries'")]
    [InlineData("definition = jsonb_set(definition, '{privacy}', '[{\"field\":\"face\",\"action\":\"drop\"}]')", "'face'")]
    [InlineData("definition = definition - 'port'", "one setting")]
    [InlineData("destination = 'quantum_siem'", "'quantum_siem'")]
    public async Task AnIntegrationOfANewerVersionShowsWhyItDoesNotRunAndTheOthersGoOn(string change, string what)
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await using var receiver = TcpSyslogReceiver.Start();
        var source = await SeededLog.AddSourceAsync(forwarder);
        var newer = await forwarder.AddIntegrationAsync(new { name = "newer", serverUrl = "tcp://127.0.0.1:9", outputType = "JSON" });
        await forwarder.AddIntegrationAsync(new { name = "plain", serverUrl = $"tcp://127.0.0.1:{receiver.Port}", outputType = "JSON" });
        await ExecuteAsync(forwarder, $"UPDATE integration SET {change}, version = version + 1 WHERE id = {newer}");

        var status = await forwarder.WaitForAsync($"/api/v1/integrations/{newer}/status", node => (string)node["status"]! == "Error");
        var ids = await SeededLog.AppendAsync(forwarder, source, ["alice"]);

        Assert.Contains("newer version", (string)status["lastError"]!["message"]!, StringComparison.Ordinal);
        Assert.Contains(what, (string)status["lastError"]!["message"]!, StringComparison.Ordinal);
        await receiver.WaitForMessagesAsync(1, Token);
        var list = await forwarder.GetAsync("/api/v1/integrations");
        Assert.Equal(["newer", "plain"], list["items"]!.AsArray().Select(item => (string)item!["name"]!));
        Assert.Equal("Error", (string)(await forwarder.GetAsync($"/api/v1/integrations/{newer}"))["status"]!["status"]!);
        Assert.Equal(2, (await forwarder.GetAsync($"/api/v1/events/{ids[0]}"))["integrations"]!.AsArray().Count);
        Assert.Equal(HttpStatusCode.OK, (await forwarder.SendAsync(HttpMethod.Get, "/api/v1/alarms")).Status);
    }

    [Fact]
    public async Task AnEngineThatCannotReadAnIntegrationLeavesItToOneThatCanUntilItChanges()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(
            postgres, "--Forwarder:Engine:Name=old", "--Forwarder:Engine:LeaseInterval=00:00:00.2", "--Forwarder:Engine:LeaseDuration=00:05:00");
        var newer = await forwarder.AddIntegrationAsync(new { name = "newer", serverUrl = "tcp://127.0.0.1:9", outputType = "JSON" });
        var plain = await forwarder.AddIntegrationAsync(new { name = "plain", serverUrl = "udp://127.0.0.1:9", outputType = "JSON" });
        await forwarder.WaitForAsync("/api/v1/engines", node => node["items"]![0]!["integrations"]!.AsArray().Count == 2);
        await ExecuteAsync(forwarder, $"UPDATE integration SET definition = jsonb_set(definition, '{{codec}}', '\"zstd\"'), version = version + 1 WHERE id = {newer}");

        await forwarder.WaitForAsync("/api/v1/engines", node => node["items"]![0]!["integrations"]!.AsArray().Count == 1);
        var status = await forwarder.GetAsync($"/api/v1/integrations/{newer}/status");
        await using var database = NpgsqlDataSource.Create(forwarder.ConnectionString);
        var other = new LeaseTable(database, new EngineOptions { Name = "new", LeaseDuration = TimeSpan.FromHours(1) });
        await other.RenewAsync(TimeProvider.System.GetUtcNow(), Token);
        var work = await other.ListWorkAsync(Token);
        var taken = await other.AcquireAsync(WorkShare.Decide(work).Take, Token);
        await ExecuteAsync(forwarder, $"UPDATE integration SET definition = definition - 'codec', version = version + 1 WHERE id = {newer}");
        await other.SignOffAsync(Token);

        Assert.Contains("newer version", (string)status["lastError"]!["message"]!, StringComparison.Ordinal);
        Assert.Equal([(newer, true, 1), (plain, false, 2)], work.Where(one => one.Kind == LeaseKind.Integration).Select(one => (one.ResourceId, one.Free, one.Engines)));
        Assert.Equal(newer, Assert.Single(taken).ResourceId);
        await forwarder.WaitForAsync("/api/v1/engines", node => node["items"]![0]!["integrations"]!.AsArray().Count == 2);
    }

    [Theory]
    [InlineData("definition = jsonb_set(definition, '{inbox,authentication}', '9')", "inbox.authentication")]
    [InlineData("definition = jsonb_set(definition, '{inbox,mutualTls}', 'true')", "'inbox.mutualTls'")]
    public async Task ASourceOfANewerVersionSaysWhyAndTheOthersGoOn(string change, string what)
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        var (newer, plain) = (await Pusher.CreateAsync(forwarder, "newer"), await Pusher.CreateAsync(forwarder, "plain"));
        await ExecuteAsync(forwarder, $"UPDATE source SET {change}, version = version + 1 WHERE id = {newer.SourceId}");

        var list = await forwarder.GetAsync("/api/v1/sources");
        var refused = await newer.PushAsync(Pusher.Event("1"), Token);

        Assert.Equal(["newer", "plain"], list["items"]!.AsArray().Select(item => (string)item!["name"]!));
        Assert.Contains(what, (string)list["items"]![0]!["warnings"]![0]!, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Conflict, refused.Status);
        Assert.Contains("newer version", refused.Text, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Accepted, (await plain.PushAsync(Pusher.Event("1"), Token)).Status);
        Assert.Equal("failed", (string)(await forwarder.PostAsync($"/api/v1/sources/{newer.SourceId}/check"))["items"]![0]!["result"]!);
        Assert.NotNull(await forwarder.GetAsync($"/api/v1/sources/{newer.SourceId}/status"));
    }

    [Fact]
    public async Task ARealmOfANewerVersionIsNotPolledAndTheEngineGoesOn()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        var source = await SeededLog.AddSourceAsync(forwarder, "newer");
        await ExecuteAsync(forwarder, $$"""UPDATE source SET enabled = true, definition = jsonb_set(definition, '{keycloak,groups}', '["a"]'), version = version + 1 WHERE id = {{source}}""");

        var shown = await forwarder.GetAsync($"/api/v1/sources/{source}");

        Assert.Contains("'keycloak.groups'", (string)shown["warnings"]![0]!, StringComparison.Ordinal);
        Assert.Equal("seeded", (string)shown["keycloak"]!["realm"]!);
    }

    [Fact]
    public async Task AFilterForATypeThatNothingIsCalledIsTakenWithAWarning()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        var pusher = await Pusher.CreateAsync(forwarder);
        await pusher.PushAsync(Pusher.Event("1", "order.cancelled"), Token);
        await forwarder.WaitForAsync("/api/v1/events", node => node["indexLag"]!.GetValue<long>() == 0);

        var created = await forwarder.SendAsync(HttpMethod.Post, "/api/v1/integrations", Request("LOGINN", "login*", "ZZZ*", "order.cancelled", "ORDER.*", "LOGOUT"));
        var changed = await forwarder.SendAsync(HttpMethod.Put, $"/api/v1/integrations/{created.Json["id"]}", Request("LOGIN"), created.ETag);

        Assert.Equal(HttpStatusCode.Created, created.Status);
        var warnings = created.Json["warnings"]!.AsArray().Select(one => (string)one!).ToList();
        Assert.Equal(2, warnings.Count);
        Assert.Contains("filter.include.types: there is no event type 'LOGINN'", warnings[0], StringComparison.Ordinal);
        Assert.Contains("did you mean 'LOGIN'?", warnings[0], StringComparison.Ordinal);
        Assert.Contains("no event type matches 'ZZZ*'", warnings[1], StringComparison.Ordinal);
        Assert.Null(changed.Json["warnings"]);

        static object Request(params string[] types) => new { name = "filtered", serverUrl = "tcp://127.0.0.1:9", filter = new { include = new { types } } };
    }

    private static async Task ExecuteAsync(ForwarderApplication forwarder, string sql)
    {
        await using var database = NpgsqlDataSource.Create(forwarder.ConnectionString);
        await using var command = database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Token);
    }
}
