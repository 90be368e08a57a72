using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using SiemForwarder.EndToEnd.Receivers;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Keycloak;

/// <summary>Real logins and changes at a real Keycloak, through the service, into a real rsyslog over TLS and an HTTP receiver.</summary>
public sealed class WholeWayTests(TestPostgres postgres, RealKeycloaks keycloaks, RsyslogServer rsyslog) : IClassFixture<RsyslogServer>
{
    private const int PollSeconds = 5;
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(3);

    [Theory]
    [InlineData("26.7.4")]
    [InlineData("24.0.5")]
    public async Task EveryEventOfTheServerArrivesOnceAndSoon(string version)
    {
        Assert.SkipWhen(rsyslog.Missing is not null, rsyslog.Missing ?? "");
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bound.CancelAfter(TimeSpan.FromMinutes(8));
        var token = bound.Token;
        var keycloak = await keycloaks.GetAsync(version, token);
        var arrivals = new Arrivals();
        await using var web = HttpReceiver.Start(arrivals.Take);
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        var tls = rsyslog.ClientTls();
        var appName = $"CEF-{version}";
        await forwarder.AddIntegrationAsync(new
        {
            name = "rsyslog",
            serverUrl = $"tls://127.0.0.1:{rsyslog.CefTlsPort}",
            outputType = "CEF",
            syslog = new { appName },
            tls = new { caCertificate = tls.CaCertificate, clientCertificate = tls.ClientCertificate, clientKey = tls.ClientKey!.Reveal(), serverName = tls.ServerName },
        });
        await forwarder.AddIntegrationAsync(new { name = "web", serverUrl = $"http://127.0.0.1:{web.Port}/", http = new { body = "ndjson" } });
        await forwarder.PostAsync("/api/v1/sources", new
        {
            name = "real",
            keycloak = new
            {
                baseUrl = keycloak.BaseUrl,
                realm = RealKeycloak.Realm,
                clientId = "siem-forwarder",
                clientSecret = "siem-forwarder-secret",
                start = "everything",
                pollIntervalSeconds = PollSeconds,
            },
        });

        var mark = $"{Guid.NewGuid():N}"[..8];
        string[] hostile = [$"{mark}-0\r\n<13>1 - evil - - - - x", $"{mark}-1]\"=| CEF:0|a|b", $"{mark}-2\\n\\=\t\0{{\"a\":1}}", $"{mark}-3 Zoë ‮ \u2028"];
        var slowest = TimeSpan.Zero;
        foreach (var (name, index) in hostile.Select((name, index) => (name, index)))
        {
            await keycloak.LoginAsync("alice", "alice-password", token);
            await keycloak.LoginAsync(name, "wrong", token);
            slowest = Longer(slowest, await arrivals.WaitAsync($"{mark}-{index}", token));
        }

        var user = await keycloak.CreateUserAsync($"user-{mark}", token);
        await keycloak.CreateClientAsync($"client-{mark}", token);
        await keycloak.CreateRoleAsync($"role-{mark}", token);
        (await keycloak.AdminAsync(HttpMethod.Delete, $"users/{user}", null, token)).Dispose();
        slowest = Longer(slowest, await arrivals.WaitAsync($"role-{mark}", token));
        await arrivals.WaitAsync("\"DELETE", token);
        var (logins, changes) = (await keycloak.EventsAsync("events", token), await keycloak.EventsAsync("admin-events", token));
        // Others use the realm too: how many events are stored says nothing of those that were listed.
        await arrivals.WaitForAllAsync(logins, "user", token);
        await arrivals.WaitForAllAsync(changes, "admin", token);
        var delivered = arrivals.Events;
        var cef = await rsyslog.ReadCefAsync(delivered.Count, token, appName);

        Assert.InRange(slowest, TimeSpan.Zero, TimeSpan.FromSeconds(2 * PollSeconds) + Margin);
        AssertOnce(logins, delivered, "user");
        AssertOnce(changes, delivered, "admin");
        var parsed = cef.Select(line => line.GetProperty("tree").GetProperty("cef")).ToLookup(line => line.GetProperty("Extensions").GetProperty("externalId").GetString()!);
        Assert.All(delivered, one =>
        {
            var line = Assert.Single(parsed[one["event_id"]!.GetValue<string>()]);
            Assert.Equal(one["signature_id"]!.GetValue<string>(), line.GetProperty("SignatureID").GetString());
            Assert.Equal(one["name"]!.GetValue<string>(), line.GetProperty("Name").GetString());
        });
        Assert.All(Enumerable.Range(0, hostile.Length), index => Assert.Single(
            cef, line => line.GetProperty("tree").GetProperty("cef").GetProperty("Extensions").EnumerateObject()
                .Any(member => member.Name is "suser" or "duser" && member.Value.GetString()!.StartsWith($"{mark}-{index}", StringComparison.Ordinal))));
        TestContext.Current.SendDiagnosticMessage($"Keycloak {version}: {delivered.Count} events, the slowest new one arrived after {slowest.TotalSeconds:0.0} s.");
    }

    /// <summary>Each listed event arrived once, whatever else came later from other tests.</summary>
    private static void AssertOnce(JsonArray listed, IReadOnlyList<JsonNode> delivered, string kind)
    {
        var expected = listed.Select(row => (long)row!["time"]!).Order().ToList();
        var mine = delivered.Where(one => one["kind"]!.GetValue<string>() == kind).ToList();
        var times = mine.Select(TimeOf);
        Assert.Equal(expected, times.Where(time => time <= expected[^1]).Order());
        Assert.Equal(mine.Count, mine.Select(one => one["event_id"]!.GetValue<string>()).Distinct().Count());
        if (listed[0]!["id"] is not null)
        {
            Assert.Empty(listed.Select(row => row!["id"]!.GetValue<string>()).Except(mine.Select(one => one["event_id"]!.GetValue<string>())));
        }
    }

    private static long TimeOf(JsonNode one) =>
        DateTimeOffset.Parse(one["timestamp"]!.GetValue<string>(), System.Globalization.CultureInfo.InvariantCulture).ToUnixTimeMilliseconds();

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;

    /// <summary>What came over HTTP, and when.</summary>
    private sealed class Arrivals
    {
        private readonly ConcurrentQueue<(string Line, long At)> lines = new();
        private TaskCompletionSource arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public IReadOnlyList<JsonNode> Events => [.. lines.Select(entry => JsonNode.Parse(entry.Line)!)];

        public HttpReply Take(ReceivedRequest request)
        {
            foreach (var line in Encoding.UTF8.GetString(request.PlainBody).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                lines.Enqueue((line, Stopwatch.GetTimestamp()));
            }

            Interlocked.Exchange(ref arrived, new(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
            return new HttpReply(200);
        }

        /// <summary>Waits until as many events of a kind came as were listed, none of them younger than the youngest listed.</summary>
        public async Task WaitForAllAsync(JsonArray listed, string kind, CancellationToken cancellationToken)
        {
            var youngest = listed.Max(row => (long)row!["time"]!);
            while (true)
            {
                var signal = arrived.Task;
                if (Events.Count(one => one["kind"]!.GetValue<string>() == kind && TimeOf(one) <= youngest) >= listed.Count)
                {
                    return;
                }

                await signal.WaitAsync(cancellationToken);
            }
        }

        /// <summary>How long it took from now until a line with this text came.</summary>
        public async Task<TimeSpan> WaitAsync(string text, CancellationToken cancellationToken)
        {
            var since = Stopwatch.GetTimestamp();
            while (true)
            {
                var signal = arrived.Task;
                if (lines.Where(entry => entry.Line.Contains(text, StringComparison.Ordinal)).Select(entry => (long?)entry.At).FirstOrDefault() is { } at)
                {
                    return at < since ? TimeSpan.Zero : Stopwatch.GetElapsedTime(since, at);
                }

                await signal.WaitAsync(cancellationToken);
            }
        }
    }
}
