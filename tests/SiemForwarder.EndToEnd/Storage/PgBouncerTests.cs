using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using SiemForwarder.EndToEnd.Receivers;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Service.Storage.Private;
using SiemForwarder.Service.Telemetry;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Storage;

/// <summary>Two engines behind a real PgBouncer that gives each transaction another session.</summary>
public sealed class PgBouncerTests(TestPostgres postgres)
{
    private const string Program = "/usr/sbin/pgbouncer";
    private const int Events = 120;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task EverythingWorksThroughAPoolerOfTransactions(bool listensPastIt)
    {
        Assert.SkipUnless(File.Exists(Program), "pgbouncer is not installed: run .ci/install-receivers");
        var direct = new NpgsqlConnectionStringBuilder(await postgres.CreateDatabaseAsync());
        await using var pooler = new ReceiverProcess { RunsAs = await OwnerAsync(direct.Host!) };
        var port = LoopbackPorts.Next();
        await StartAsync(pooler, port, direct);
        var pooled = $"Host=127.0.0.1;Port={port};Database=forwarder;Username=siemforwarder;Max Auto Prepare=0;No Reset On Close=true;Maximum Pool Size=10";
        string[] listening = listensPastIt ? [$"--Forwarder:Database:ListenConnection={direct.ConnectionString}"] : [];
        await using var one = await ForwarderApplication.StartOnAsync(pooled, [.. listening, "--Forwarder:Engine:Name=one"]);
        await using var two = await ForwarderApplication.StartOnAsync(pooled, [.. listening, "--Forwarder:Engine:Name=two", "--Forwarder:Operations:Interval=00:00:00.5"]);
        await using var receiver = TcpSyslogReceiver.Start();
        var source = (await one.PostAsync("/api/v1/sources", new { name = "apps", kind = "http", inbox = new { key = "a-key-of-at-least-16-characters" } }))["id"]!.GetValue<int>();
        await one.AddIntegrationAsync(new { name = "siem", serverUrl = $"tcp://127.0.0.1:{receiver.Port}", outputType = "JSON", sources = new[] { source } });
        await one.AddIntegrationAsync(new { name = "second", serverUrl = $"tcp://127.0.0.1:{receiver.Port}", outputType = "JSON", sources = new[] { source } });

        var ids = Enumerable.Range(0, Events).Select(_ => Guid.NewGuid().ToString("D")).ToList();
        await Parallel.ForEachAsync(ids.Index(), new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = Token }, async (item, token) =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/sources/{source}/events")
            {
                Content = JsonContent.Create(new { event_type = "app.test", event_id = item.Item }),
            };
            request.Headers.Add("X-API-Key", "a-key-of-at-least-16-characters");
            using var response = await (item.Index % 2 == 0 ? one : two).Api.SendAsync(request, token);
            Assert.Equal(202, (int)response.StatusCode);
        });
        await receiver.WaitForMessagesAsync(2 * Events, Token);
        await one.WaitForAsync($"/api/v1/events?source={source}", node => node["total"]!.GetValue<int>() == Events);

        var received = receiver.Messages.Select(message => JsonNode.Parse(message)!["event_id"]!.GetValue<string>()).ToList();
        Assert.Equal(ids.Concat(ids).Order(StringComparer.Ordinal), received.Order(StringComparer.Ordinal));
        Assert.Empty(one.Services.GetRequiredService<LoopGuard>().Faults);
        Assert.Empty(two.Services.GetRequiredService<LoopGuard>().Faults);
    }

    // The socket of the tests' server lets its own user in, and nobody else.
    private static async Task<(string User, string Group)> OwnerAsync(string host)
    {
        var (code, owner) = await ChildProgram.RunAsync("stat", ["-c", "%u %g", host.StartsWith('/') ? host : "/"], Token);
        return code == 0 && host.StartsWith('/') ? (owner.Split(' ')[0], owner.Split(' ')[1]) : ("65534", "65534");
    }

    private static Task StartAsync(ReceiverProcess pooler, int port, NpgsqlConnectionStringBuilder direct)
    {
        var server = direct.Host!.StartsWith('/') ? $"host={direct.Host}" : $"host={direct.Host} port={direct.Port}";
        pooler.Write("users.txt", $"\"siemforwarder\" \"{direct.Password}\"\n");
        pooler.Write("pgbouncer.ini", $"""
            [databases]
            forwarder = {server} dbname={direct.Database} user={direct.Username}{(direct.Password is null ? "" : $" password={direct.Password}")}
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = {port}
            unix_socket_dir =
            auth_type = trust
            auth_file = {pooler.PathOf("users.txt")}
            pool_mode = transaction
            default_pool_size = 8
            max_client_conn = 200
            """);
        return pooler.StartAsync(Program, pooler.PathOf("pgbouncer.ini"), new Dictionary<string, string>(), port, Token);
    }
}
