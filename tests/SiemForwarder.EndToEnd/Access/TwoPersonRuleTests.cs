using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Npgsql;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Access;

/// <summary>Where the operator asks for two persons, nobody silences a SIEM alone.</summary>
public sealed class TwoPersonRuleTests(TestPostgres postgres)
{
    private const string Rule = "--Forwarder:Access:TwoPersonRule=true";
    private const string Planted = "planted-secret-of-a-change";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("disable")]
    [InlineData("delete")]
    [InlineData("narrow")]
    [InlineData("move")]
    public async Task AChangeThatSilencesWaitsForAnotherAdministrator(string what)
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres, Rule);
        await using var receiver = HttpReceiver.Start(new HttpReply(200));
        var (path, other) = await PrepareAsync(forwarder, receiver);
        using var second = new Caller(forwarder.Address);
        var before = await forwarder.GetAsync(path);

        var asked = await AskAsync(forwarder, path, what);

        Assert.Equal(202, (int)asked.Status);
        Assert.Equal("waiting", (string?)asked.Json["state"]);
        Assert.Equal(before["version"]!.ToString(), (await forwarder.GetAsync(path))["version"]!.ToString());
        var waiting = Assert.Single((await forwarder.GetAsync($"{path}/changes"))["items"]!.AsArray())!;
        Assert.DoesNotContain(Planted, waiting.ToJsonString(), StringComparison.Ordinal);

        var approve = $"{path}/changes/{waiting["id"]}/approve";
        Assert.Equal(403, (int)(await forwarder.SendAsync(HttpMethod.Post, approve)).Status);
        using var approved = await second.SendAsync(other, HttpMethod.Post, approve);
        Assert.Equal(200, (int)approved.StatusCode);

        var after = await forwarder.SendAsync(HttpMethod.Get, path);
        Assert.Equal(what == "delete" ? 404 : 200, (int)after.Status);
        switch (what)
        {
            case "disable":
                Assert.False(after.Json["enabled"]!.GetValue<bool>());
                break;
            case "narrow":
                Assert.Equal("LOGIN", (string?)after.Json["filter"]!["include"]!["types"]![0]);
                break;
            case "move":
                Assert.EndsWith("/elsewhere", (string?)after.Json["serverUrl"], StringComparison.Ordinal);
                Assert.True(after.Json["authentication"]!["tokenSet"]!.GetValue<bool>());
                break;
        }

        // The destination of before is told, and the trail names both.
        Assert.Contains(receiver.Requests, request => System.Text.Encoding.UTF8.GetString(request.PlainBody).Contains("CONFIGURATION_CHANGED", StringComparison.Ordinal));
        var trail = (await forwarder.GetAsync("/api/v1/audit?pageSize=200"))["items"]!.AsArray();
        Assert.Contains(trail, row => (string?)row!["action"] == "integration_change.approve" && row["before"] is not null);
        Assert.Contains(trail, row => row!["status"]!.GetValue<int>() == 202 && row["before"] is null && row["detail"]!.ToJsonString().Contains("pendingChange", StringComparison.Ordinal));
    }

    [Fact]
    public async Task ARequestThatWaitsIsKeptEncrypted()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres, Rule);
        await using var receiver = HttpReceiver.Start(new HttpReply(200));
        var (path, _) = await PrepareAsync(forwarder, receiver);

        Assert.Equal(202, (int)(await AskAsync(forwarder, path, "move")).Status);

        await using var connection = new NpgsqlConnection(forwarder.ConnectionString);
        await connection.OpenAsync(Token);
        await using var command = new NpgsqlCommand("SELECT count(*) FROM pending_change p WHERE position($1 IN p::text) > 0 OR position(encode($1::bytea, 'hex') IN p::text) > 0", connection);
        command.Parameters.AddWithValue(Planted);
        Assert.Equal(0L, await command.ExecuteScalarAsync(Token));
    }

    [Fact]
    public async Task AChangeIsOvertakenByAnotherAndMayBeRejectedByWhoeverAsked()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres, Rule);
        await using var receiver = HttpReceiver.Start(new HttpReply(200));
        var (path, other) = await PrepareAsync(forwarder, receiver);
        using var second = new Caller(forwarder.Address);
        var first = (await AskAsync(forwarder, path, "disable")).Json["id"];
        var again = (await AskAsync(forwarder, path, "narrow")).Json["id"];

        Assert.Equal("rejected", (string?)(await forwarder.PostAsync($"{path}/changes/{again}/reject"))["state"]);
        Assert.Equal(409, (int)(await forwarder.SendAsync(HttpMethod.Post, $"{path}/changes/{again}/reject")).Status);

        // What silences nothing is made at once.
        var renamed = await forwarder.SendAsync(HttpMethod.Patch, path, new { description = "changed meanwhile" }, ifMatch: "*");
        Assert.Equal(200, (int)renamed.Status);
        using var late = await second.SendAsync(other, HttpMethod.Post, $"{path}/changes/{first}/approve");
        Assert.Equal(409, (int)late.StatusCode);
        Assert.Contains("Request it again", await late.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        Assert.True((await forwarder.GetAsync(path))["enabled"]!.GetValue<bool>());
        Assert.Equal(
            ["rejected", "overtaken"], (await forwarder.GetAsync($"{path}/changes"))["items"]!.AsArray().Select(change => (string?)change!["state"]));
        Assert.Equal(404, (int)(await forwarder.SendAsync(HttpMethod.Post, $"{path}/changes/4711/approve")).Status);
    }

    [Fact]
    public async Task WithoutTheRuleEverythingIsMadeAtOnce()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await using var receiver = HttpReceiver.Start(new HttpReply(200));
        var (path, _) = await PrepareAsync(forwarder, receiver);

        Assert.Equal(200, (int)(await AskAsync(forwarder, path, "disable")).Status);
        Assert.Empty((await forwarder.GetAsync($"{path}/changes"))["items"]!.AsArray());
    }

    /// <summary>An enabled integration, and the key of another administrator.</summary>
    private static async Task<(string Path, string Key)> PrepareAsync(ForwarderApplication forwarder, HttpReceiver receiver)
    {
        var id = await forwarder.AddIntegrationAsync(new { name = "siem", serverUrl = $"http://127.0.0.1:{receiver.Port}/", http = new { body = "ndjson" } });
        return ($"/api/v1/integrations/{id}", (string)(await Caller.NewKeyAsync(forwarder, "siem-admin"))["key"]!);
    }

    private static Task<ApiAnswer> AskAsync(ForwarderApplication forwarder, string path, string what) => what switch
    {
        "disable" => forwarder.SendAsync(HttpMethod.Post, $"{path}/disable"),
        "delete" => forwarder.SendAsync(HttpMethod.Delete, path, ifMatch: "*"),
        "narrow" => forwarder.SendAsync(HttpMethod.Patch, path, new { filter = new { include = new { types = new[] { "LOGIN" } } } }, ifMatch: "*"),
        _ => forwarder.SendAsync(
            HttpMethod.Patch, path, new { serverUrl = "http://127.0.0.1:9/elsewhere", authentication = new { type = "bearer", token = Planted } }, ifMatch: "*"),
    };
}
