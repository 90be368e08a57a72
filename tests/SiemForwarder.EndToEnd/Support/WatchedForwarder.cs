using System.Text;
using Microsoft.Extensions.DependencyInjection;
using SiemForwarder.EndToEnd.Inbox;
using SiemForwarder.Service.Telemetry;
using SiemForwarder.Simulator;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Support;

/// <summary>A running service to which everything has happened that a metric counts: polled, pushed, delivered, filtered, refused, retried, failed.</summary>
internal sealed class WatchedForwarder : IAsyncDisposable
{
    private const string Provisioned = """
        title: An account is provisioned
        id: 3f1d8a14-7c0a-4c64-8a55-5b2f0f8f2a61
        logsource: {product: application}
        detection: {provisioned: {type: account.provisioned}, condition: provisioned}
        level: low
        """;

    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(2);

    private readonly KeycloakSimulator keycloak;
    private readonly HttpReceiver receiver;

    private WatchedForwarder(ForwarderApplication application, KeycloakSimulator keycloak, HttpReceiver receiver) =>
        (Application, this.keycloak, this.receiver) = (application, keycloak, receiver);

    public ForwarderApplication Application { get; }

    /// <summary>The integration whose destination takes everything but events of the user <c>poison</c>.</summary>
    public int Working { get; private set; }

    /// <summary>The integration whose destination nobody listens at.</summary>
    public int Failing { get; private set; }

    /// <summary>The realm that is polled.</summary>
    public int Realm { get; private set; }

    public static async Task<WatchedForwarder> StartAsync(TestPostgres postgres, params string[] settings)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bound.CancelAfter(Bound);
        var application = await ForwarderApplication.StartAsync(
            postgres, ["--Forwarder:Operations:GaugeInterval=00:00:00.2", "--Forwarder:EventLog:HardLimitDays=7", .. settings]);
        var keycloak = await KeycloakSimulator.StartAsync(new SimulatorOptions(), bound.Token);
        var receiver = HttpReceiver.Start(request =>
            Encoding.UTF8.GetString(request.PlainBody).Contains("poison", StringComparison.Ordinal) ? new HttpReply(400, "cannot parse") : new HttpReply(200));
        var forwarder = new WatchedForwarder(application, keycloak, receiver);
        await forwarder.HappenAsync(bound.Token);
        return forwarder;
    }

    /// <summary>The metrics in Prometheus' text format.</summary>
    public async Task<string> ScrapeAsync() => await Application.Api.GetStringAsync("/metrics", TestContext.Current.CancellationToken);

    /// <summary>Scrapes until the text is as wanted; the text.</summary>
    public async Task<string> ScrapeUntilAsync(Func<string, bool> isSo)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bound.CancelAfter(Bound);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(350));
        var text = "";
        try
        {
            while (!isSo(text = await ScrapeAsync()))
            {
                await timer.WaitForNextTickAsync(bound.Token);
            }

            return text;
        }
        catch (OperationCanceledException) when (!TestContext.Current.CancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"The metrics did not become as wanted:\n{string.Join('\n', text.Split('\n').Where(line => line.StartsWith("siemforwarder", StringComparison.Ordinal)))}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Application.DisposeAsync();
        await keycloak.DisposeAsync();
        await receiver.DisposeAsync();
    }

    private async Task HappenAsync(CancellationToken cancellationToken)
    {
        var realm = keycloak.Realm;
        realm.EventsExpirationSeconds = 86_400;
        realm.Client.Roles = ["view-events", "view-users", "view-realm"];
        foreach (var user in (string[])["alice", "bob", "carol", "dave", "erin"])
        {
            realm.AddLogin(user);
        }

        Working = await Application.AddIntegrationAsync(new
        {
            name = "watched siem", serverUrl = $"http://127.0.0.1:{receiver.Port}/", outputType = "JSON", http = new { body = "ndjson" },
            filter = new { exclude = new { types = new[] { "account.provisioned" } } },
        });
        Failing = await Application.AddIntegrationAsync(new { name = "dead siem", serverUrl = $"tcp://127.0.0.1:{LoopbackPorts.Next()}", outputType = "JSON" });
        await Application.PostAsync("/api/v1/rules/08-brute-force-address/enable");
        await Application.PostAsync("/api/v1/rules", new { name = "provisioned", yaml = Provisioned, enabled = true });
        var source = await Application.PostAsync("/api/v1/sources", new
        {
            name = "watched realm",
            keycloak = new
            {
                baseUrl = keycloak.BaseUrl.ToString(), realm = realm.Name, clientId = realm.Client.ClientId, clientSecret = realm.Client.Secret,
                start = "everything", pollIntervalSeconds = 1,
            },
        });
        Realm = source["id"]!.GetValue<int>();
        await Application.PostAsync("/api/v1/sources", new
        {
            name = "dead realm",
            keycloak = new { baseUrl = $"http://127.0.0.1:{LoopbackPorts.Next()}", realm = "r", clientId = "c", clientSecret = "s", pollIntervalSeconds = 1 },
        });
        var pusher = await Pusher.CreateAsync(Application, "watched app");
        foreach (var body in (string[])[$"[{Pusher.Event("1", "account.provisioned")},{{\"event_type\":\"login\",\"timestamp\":\"yesterday\"}}]", Pusher.Event("1", "account.provisioned"), Pusher.Event("2", "login", "poison")])
        {
            Assert.True((int)(await pusher.PushAsync(body, cancellationToken)).Status < 300);
        }

        // What no test should wait for or break: losses, faults of the database, events that take a second.
        var telemetry = Application.Services.GetRequiredService<ForwarderTelemetry>();
        telemetry.GapFound("watched siem", Realm, 3);
        telemetry.EventSlow("watched siem", "watched realm", "e", TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(1));
        await Application.WaitForAsync($"/api/v1/integrations/{Working}/status", status => (long)status["setAside"]! == 1 && (long)status["backlog"]! == 0);
        await Application.WaitForAsync($"/api/v1/integrations/{Failing}/status", status => (string)status["status"]! == "Error");
    }
}
