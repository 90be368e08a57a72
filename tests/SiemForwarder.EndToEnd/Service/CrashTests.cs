using System.Text;
using System.Text.Json.Nodes;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Service.Storage.Private;
using SiemForwarder.Simulator;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Service;

/// <summary>The promise under kill -9: nothing lost, nothing invented, order kept, at most one batch repeated per kill.</summary>
public sealed class CrashTests
{
    private const int Backlog = 4000;
    private const int Total = 10_000;
    private const int Kills = 4;

    // The batch limits of syslog over TCP and of ndjson over HTTP.
    private const int SyslogBatch = 2000;
    private const int NdjsonBatch = 1000;

    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(8);

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, true)]
    public async Task EverythingArrivesThoughTheServiceIsKilledAgainAndAgain(int seed, bool killsDatabase)
    {
        Assert.SkipWhen(PostgresPrograms.FindFolder() is null, "no PostgreSQL programs on this machine");
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bound.CancelAfter(Bound);
        var token = bound.Token;
        await using var keycloak = await KeycloakSimulator.StartAsync(new SimulatorOptions(), token);
        keycloak.Realm.RecordsTokens = false;
        using var traffic = new SimulatedTraffic(seed);
        traffic.Fill(keycloak.Realm, Backlog, keycloak.NowMs() - 3_600_000, keycloak.NowMs() - 60_000);
        await using var tcp = TcpSyslogReceiver.Start();
        var http = new HttpArrivals();
        await using var web = HttpReceiver.Start(http.Take);
        await using var forwarder = new ForwarderProcess(ForwarderProcess.NewFolder(), new Dictionary<string, string>
        {
            ["Forwarder__Dispatch__RetryDelay"] = "00:00:00.1",
            ["Forwarder__Dispatch__RoundPause"] = "00:00:00.2",
            // What the forwarder tells about itself would arrive as well.
            ["Forwarder__Operations__Interval"] = "1.00:00:00",
        });
        await forwarder.StartAsync(token);
        await forwarder.PostAsync("/api/v1/integrations", new { name = "tcp", serverUrl = $"tcp://127.0.0.1:{tcp.Port}", outputType = "JSON", enabled = true }, token);
        await forwarder.PostAsync("/api/v1/integrations", new { name = "http", serverUrl = $"http://127.0.0.1:{web.Port}/", http = new { body = "ndjson" }, enabled = true }, token);
        await forwarder.PostAsync("/api/v1/sources", Source(keycloak), token);

        var flowing = FlowAsync(traffic, keycloak, token);
        var random = new Random(seed);
        for (var kill = 0; kill < Kills; kill++)
        {
            // A moment that depends on what has arrived, so that events are under way whenever it comes.
            var threshold = tcp.Connections.Sum(connection => connection.Length) + random.Next(1, 700_000);
            await tcp.WaitUntilAsync(receiver => receiver.Connections.Sum(connection => connection.Length) >= threshold || flowing.IsCompleted, token);
            await forwarder.KillAsync(token);
            if (killsDatabase)
            {
                await forwarder.KillDatabaseAsync(token);
            }

            await forwarder.StartAsync(token);
        }

        await flowing;
        var stored = Stored(keycloak);
        await forwarder.WaitForAsync("/api/v1/sources/1/status", node => node["storedEvents"]!.GetValue<long>() >= stored.Count, token);
        await forwarder.WaitForAsync("/api/v1/integrations/1/status", node => node["backlog"]!.GetValue<long>() == 0, token);
        await forwarder.WaitForAsync("/api/v1/integrations/2/status", node => node["backlog"]!.GetValue<long>() == 0, token);
        var arrived = tcp.Messages.Select(EventId).ToList();
        var log = await ReadLogAsync(forwarder);

        Assert.Equal(Total, stored.Count);
        Assert.Equal(Enumerable.Range(1, Total).Select(number => (long)number), log.Select(entry => entry.Position));
        Assert.Equal(stored.Order(StringComparer.Ordinal), log.Select(entry => entry.Id).Order(StringComparer.Ordinal));
        AssertArrivals([.. log.Select(entry => entry.Id)], arrived, SyslogBatch);
        AssertArrivals([.. log.Select(entry => entry.Id)], http.Ids, NdjsonBatch);
    }

    private static void AssertArrivals(List<string> log, List<string> arrived, int largestBatch)
    {
        // Distinct keeps the first of each, so this says: all of them, nothing else, and in the order of the log.
        Assert.Equal(log, arrived.Distinct());
        Assert.InRange(arrived.Count - log.Count, 0, Kills * largestBatch);
        AssertWholeRepeats(log, arrived, largestBatch);
    }

    /// <summary>An arrival either goes on in the log, or goes back to where one batch began; it never jumps ahead.</summary>
    private static void AssertWholeRepeats(List<string> log, List<string> arrived, int largestBatch)
    {
        var positions = log.Select((id, index) => (id, index)).ToDictionary(pair => pair.id, pair => pair.index);
        var (expected, repeats) = (0, 0);
        foreach (var position in arrived.Select(id => positions[id]))
        {
            if (position != expected)
            {
                Assert.InRange(expected - position, 1, largestBatch);
                repeats++;
            }

            expected = position + 1;
        }

        Assert.InRange(repeats, 0, Kills);
    }

    private static async Task FlowAsync(SimulatedTraffic traffic, KeycloakSimulator keycloak, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        for (var written = Backlog; written < Total && await timer.WaitForNextTickAsync(cancellationToken); written += 25)
        {
            for (var i = 0; i < 25; i++)
            {
                traffic.Add(keycloak.Realm, keycloak.NowMs());
            }
        }
    }

    private static object Source(KeycloakSimulator keycloak) => new
    {
        name = "simulated",
        keycloak = new
        {
            baseUrl = keycloak.BaseUrl.ToString(),
            realm = "siem-demo",
            clientId = "siem-forwarder",
            clientSecret = "siem-forwarder-secret",
            start = "everything",
            pollIntervalSeconds = 1,
        },
    };

    private static async Task<List<(long Position, string Id)>> ReadLogAsync(ForwarderProcess forwarder)
    {
        await using var log = LogBench.Open(forwarder.ConnectionString);
        return [.. (await log.ReadAllAsync(1)).Select(entry => (entry.Position, JsonNode.Parse(entry.Body)!["id"]!.GetValue<string>()))];
    }

    private static List<string> Stored(KeycloakSimulator keycloak) =>
        [.. keycloak.Realm.UserEvents.Rows().Concat(keycloak.Realm.AdminEvents.Rows()).Select(row => JsonNode.Parse(row)!["id"]!.GetValue<string>())];

    private static string EventId(byte[] message) => JsonNode.Parse(message)!["event_id"]!.GetValue<string>();

    /// <summary>The ids that came over HTTP, in order.</summary>
    private sealed class HttpArrivals
    {
        private readonly Lock guard = new();
        private readonly List<string> ids = [];

        public List<string> Ids
        {
            get
            {
                lock (guard)
                {
                    return [.. ids];
                }
            }
        }

        public HttpReply Take(ReceivedRequest request)
        {
            var lines = Encoding.UTF8.GetString(request.PlainBody).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            lock (guard)
            {
                ids.AddRange(lines.Select(line => JsonNode.Parse(line)!["event_id"]!.GetValue<string>()));
            }

            return new HttpReply(200);
        }
    }
}
