using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using SiemForwarder.EndToEnd.Inbox;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Service.Operations;
using SiemForwarder.Service.Telemetry;
using SiemForwarder.Simulator;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Console;

/// <summary>What there is to see on the pages, made once: sources, events, alerts, an hour of history, integrations in every state.</summary>
public sealed class FurnishedForwarder : IAsyncLifetime
{
    private const string Hostile = "<img src=x onerror=document.title='owned'>";

    private const string Refused = """
        title: A login is refused
        logsource: {product: keycloak}
        detection: {refused: {type: LOGIN_ERROR}, condition: refused}
        level: high
        tags: [attack.credential-access, attack.t1110.001]
        """;

    private HttpReceiver? receiver;
    private KeycloakSimulator? keycloak;
    private int source, integration;
    private string eventId = "";

    /// <summary>Whether the pictures of the documentation are drawn: without what an attacker would type.</summary>
    public static bool IsDrawing => Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1";

    /// <summary>Name of the user of one of the events.</summary>
    public static string LastUser => IsDrawing ? "dave" : Hostile;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A path with the ids of what was made.</summary>
    public string Fill(string path) => path.Replace("{integration}", $"{integration}", StringComparison.Ordinal)
        .Replace("{source}", $"{source}", StringComparison.Ordinal).Replace("{event}", eventId, StringComparison.Ordinal);

    internal async Task FurnishAsync(ForwarderApplication forwarder)
    {
        if (receiver is not null)
        {
            return;
        }

        receiver = HttpReceiver.Start(request => Encoding.UTF8.GetString(request.PlainBody).Contains("mallory", StringComparison.Ordinal)
            ? new HttpReply(400, "field user: unknown value") : new HttpReply(200, "ok"));
        await AddRealmAsync(forwarder);
        await AddHistoryAsync(forwarder);
        await forwarder.PostAsync("/api/v1/rules", new { name = "login-refused", yaml = Refused, enabled = true });
        var pusher = await Pusher.CreateAsync(forwarder, "payroll");
        integration = await forwarder.AddIntegrationAsync(new
        {
            name = "production SIEM", description = "The security operations center.", serverUrl = $"http://127.0.0.1:{receiver.Port}/collector", batch = new { maxEvents = 1 },
        });
        await AddHistoryOfAsync(forwarder, "production SIEM");
        await forwarder.AddIntegrationAsync(new { name = "archive", serverUrl = $"tcp://127.0.0.1:{LoopbackPorts.Next()}", outputType = "CEF" });
        await forwarder.PostAsync("/api/v1/integrations", new { name = IsDrawing ? "staging" : Hostile, serverUrl = "tls://siem.example.com:6514", outputType = "LEEF" });
        var now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        foreach (var (user, type) in ((string, string)[])[("alice", "LOGIN"), ("bob", "LOGIN_ERROR"), ("mallory", "LOGIN"), (LastUser, "LOGIN"), ("carol", "LOGOUT")])
        {
            var answer = await pusher.PushAsync(JsonSerializer.Serialize(new
            {
                id = Guid.NewGuid(), time = now++, type, realmId = "acme", clientId = "payroll", userId = $"u-{now}", ipAddress = "192.0.2.7",
                details = new { username = user },
            }), Token);
            Assert.Equal(System.Net.HttpStatusCode.Accepted, answer.Status);
        }

        await forwarder.WaitForAsync($"/api/v1/integrations/{integration}/status", node => node["setAside"]!.GetValue<long>() == 1 && node["backlog"]!.GetValue<long>() == 0);
        var found = await forwarder.WaitForAsync("/api/v1/events?type=LOGIN*", node => node["items"]!.AsArray().Count >= 4);
        eventId = (string)found["items"]!.AsArray().First(one => (string?)one!["userName"] == "alice")!["eventId"]!;
        await forwarder.WaitForAsync("/api/v1/alert-summary", node => (int)node["alerts"]! == 1);
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await (receiver?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (keycloak?.DisposeAsync() ?? ValueTask.CompletedTask);
    }

    private async Task AddRealmAsync(ForwarderApplication forwarder)
    {
        keycloak = await KeycloakSimulator.StartAsync(new SimulatorOptions(), Token);
        keycloak.Realm.EventsExpirationSeconds = 7 * 24 * 3600;
        keycloak.Realm.EnabledEventTypes = [.. SimulatedEventTypes.All.Except(["UPDATE_PASSWORD", "IMPERSONATE"])];
        var created = await forwarder.PostAsync("/api/v1/sources", new
        {
            name = "acme realm",
            keycloak = new
            {
                baseUrl = keycloak.BaseUrl.ToString(), realm = keycloak.Realm.Name, clientId = keycloak.Realm.Client.ClientId,
                clientSecret = keycloak.Realm.Client.Secret, pollIntervalSeconds = 1,
            },
        });
        source = created["id"]!.GetValue<int>();
        await forwarder.WaitForAsync($"/api/v1/sources/{source}/status", node => node["poll"]?["auditing"]?["storedTypes"] is not null);
        keycloak.Realm.UserEvents.AddPoison(keycloak.NowMs());
        await forwarder.WaitForAsync(
            $"/api/v1/sources/{source}/status", node => node["poll"]?["streams"]?.AsArray().Any(stream => stream!["gaps"]!.AsArray().Count > 0) == true);
    }

    private static async Task AddHistoryOfAsync(ForwarderApplication forwarder, string name)
    {
        var history = forwarder.Services.GetRequiredService<IntegrationHistory>();
        for (var minute = 57; minute > 0; minute--)
        {
            var waiting = minute is > 14 and < 20 ? (20 - minute) * 120 : 0;
            await history.AddAsync(DateTimeOffset.UtcNow.AddMinutes(-minute), new Dictionary<string, IntegrationTally>
            {
                [name] = new(waiting > 0 ? 60 : 180 + (long)(60 * Math.Sin(minute / 6.0)), new(60, 60 * (1.1 + (waiting / 60.0)), 2.2 + (waiting / 20.0)), waiting),
            }, Token);
        }
    }

    // An hour of a working day, with half a minute in which a receiver was away.
    private static async Task AddHistoryAsync(ForwarderApplication forwarder)
    {
        var history = forwarder.Services.GetRequiredService<FlowHistory>();
        for (var minute = 1; minute < 58; minute++)
        {
            var appended = 240 + (long)(90 * Math.Sin(minute / 6.0)) + (minute * 37 % 41);
            var waiting = minute is > 14 and < 20 ? (20 - minute) * 180 : minute % 3;
            await history.AddAsync(DateTimeOffset.UtcNow.AddMinutes(-minute), new Dictionary<string, ValueTally>
            {
                [FlowSeries.Appended] = new(appended, 0, 0),
                [FlowSeries.Delivered] = new(appended + (waiting > 10 ? -120 : 20), 0, 0),
                [FlowSeries.Latency] = new(60, 60 * (1.2 + (waiting / 40.0)), 2.6 + (waiting / 18.0)),
                [FlowSeries.Backlog] = new(1, waiting, waiting),
            }, Token);
        }
    }
}
