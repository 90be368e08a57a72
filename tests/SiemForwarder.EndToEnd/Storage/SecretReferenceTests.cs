using System.Net;
using Npgsql;
using SiemForwarder.EndToEnd.Inbox;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Storage;

/// <summary>A secret that is kept outside is never in the database, is told where it is missing, and counts for the backlog once it is right.</summary>
public sealed class SecretReferenceTests(TestPostgres postgres)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AMissingAndAWrongSecretAreToldAndACorrectedOneSendsTheBacklog()
    {
        await using var folder = new TemporaryFolder();
        await using var receiver = HttpReceiver.Start(request => new HttpReply(request.FindHeader("Authorization") == "Bearer m4rked-r1ght" ? 200 : 401));
        var file = Path.Combine(folder.Path, "token");
        await using var forwarder = await ForwarderApplication.StartAsync(postgres, Setting(folder));
        var source = await SeededLog.AddSourceAsync(forwarder);
        var id = await forwarder.AddIntegrationAsync(new
        {
            name = "hook", serverUrl = $"http://127.0.0.1:{receiver.Port}/", authentication = new { type = "bearer", token = $"file:{file}" },
        });
        var ids = await SeededLog.AppendAsync(forwarder, source, ["alice", "bob"]);

        var missing = await ErrorAsync("does not exist");
        Assert.Equal($"Integration 'hook' lacks a secret: authentication.token is file:{file}, which does not exist on this engine.", missing);
        Assert.Empty(receiver.Requests);

        await ReplaceAsync(file, "m4rked-wr0ng");
        await ErrorAsync("401");
        await ReplaceAsync(file, "m4rked-r1ght");
        await forwarder.WaitForAsync(
            $"/api/v1/integrations/{id}/status", node => (string)node["status"]! == "Success" && (long)node["backlog"]! == 0);

        var shown = await forwarder.GetAsync($"/api/v1/integrations/{id}");
        Assert.Equal(($"file:{file}", true), ((string)shown["secretReferences"]!["authentication.token"]!, (bool)shown["authentication"]!["tokenSet"]!));
        Assert.DoesNotContain("m4rked", $"{shown}{await DumpAsync(forwarder.ConnectionString)}", StringComparison.Ordinal);
        Assert.Equal(2, ids.Count);

        async Task<string> ErrorAsync(string words) => (string)(await forwarder.WaitForAsync(
            $"/api/v1/integrations/{id}/status",
            node => (string?)node["lastError"]?["message"] is { } message && message.Contains(words, StringComparison.Ordinal)))["lastError"]!["message"]!;
    }

    [Fact]
    public async Task AKeyOfAnInboxThatIsNotThereIsToldByThePlanAndByTheCheck()
    {
        await using var folder = new TemporaryFolder();
        await using var forwarder = await ForwarderApplication.StartAsync(postgres, Setting(folder));
        var file = Path.Combine(folder.Path, "absent");
        var declared = new { name = "apps", kind = "http", inbox = new { key = $"file:{file}" } };
        var missing = $"inbox.key is file:{file}, which does not exist on this engine.";

        var plan = await forwarder.PostAsync("/api/v1/configuration/plan", new { name = "acme", sources = new[] { declared } });
        var source = await forwarder.PostAsync("/api/v1/sources", declared);
        var report = await forwarder.PostAsync($"/api/v1/sources/{source["id"]}/check");

        Assert.Empty(plan["faults"]!.AsArray());
        Assert.Equal(missing, (string?)Assert.Single(plan["changes"]!.AsArray())!["warnings"]!.AsArray().Single());
        Assert.Contains($"No one can push: {missing}", report["items"]!.AsArray().Select(item => (string?)item!["detail"]));
    }

    [Fact]
    public async Task AKeyOfAnInboxMayBeReplacedInItsFile()
    {
        await using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "key");
        await using var forwarder = await ForwarderApplication.StartAsync(postgres, Setting(folder), "--Forwarder:ConfigurationInterval=00:00:00.010");
        var created = await forwarder.PostAsync("/api/v1/sources", new { name = "apps", kind = "http", inbox = new { key = $"file:{file}" } });
        var pusher = new Pusher(forwarder.Api, (int)created["id"]!);

        Assert.NotEqual(HttpStatusCode.Accepted, (await pusher.PushAsync(Pusher.Event("0"), Stop, key: "")).Status);
        await ReplaceAsync(file, "first-0123456789");
        await AcceptsAsync("first-0123456789");
        await ReplaceAsync(file, "second-0123456789");
        await AcceptsAsync("second-0123456789");

        Assert.NotEqual(HttpStatusCode.Accepted, (await pusher.PushAsync(Pusher.Event("3"), Stop, key: "first-0123456789")).Status);

        async Task AcceptsAsync(string key)
        {
            using var bound = CancellationTokenSource.CreateLinkedTokenSource(Stop);
            bound.CancelAfter(TimeSpan.FromSeconds(20));
            while ((await pusher.PushAsync(Pusher.Event(key), bound.Token, key: key)).Status != HttpStatusCode.Accepted)
            {
                await forwarder.GetAsync("/api/v1/sources");
            }
        }
    }

    [Theory]
    [InlineData("file:/etc/passwd")]
    [InlineData("env:PATH")]
    public async Task WhatTheOperatorDidNotOpenIsRefusedWhenItIsSaved(string reference)
    {
        await using var folder = new TemporaryFolder();
        await using var forwarder = await ForwarderApplication.StartAsync(postgres, Setting(folder));

        var answer = await forwarder.SendAsync(HttpMethod.Post, "/api/v1/integrations", new
        {
            name = "thief", serverUrl = "https://siem.example.com", authentication = new { type = "bearer", token = reference },
        });

        Assert.Equal((HttpStatusCode.BadRequest, "authentication.token"), (answer.Status, Assert.Single(answer.Fields)));
    }

    private static string Setting(TemporaryFolder folder) => $"--Forwarder:Secrets:Folders:0={folder.Path}";

    private static async Task ReplaceAsync(string path, string text)
    {
        await File.WriteAllTextAsync(path + ".new", text + "\n", Stop);
        File.Move(path + ".new", path, overwrite: true);
    }

    /// <summary>Every row of every table, as text.</summary>
    private static async Task<string> DumpAsync(string connectionString)
    {
        await using var database = NpgsqlDataSource.Create(connectionString);
        await using var command = database.CreateCommand(
            "SELECT string_agg(table_name || ' ' || query_to_xml(format('SELECT * FROM %I', table_name), true, false, '')::text, '') "
                + "FROM information_schema.tables WHERE table_schema = 'public'");
        return WebUtility.HtmlDecode((string)(await command.ExecuteScalarAsync(Stop))!);
    }
}
