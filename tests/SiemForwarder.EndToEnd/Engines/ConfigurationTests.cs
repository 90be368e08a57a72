using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using SiemForwarder.EndToEnd.Inbox;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Service;
using SiemForwarder.Simulator;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Engines;

/// <summary>What is configured at one engine counts at every other within the configuration interval.</summary>
public sealed class ConfigurationTests(TestPostgres postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ASourceThatIsRenamedAtOneEngineIsDeliveredUnderItsNewNameByAnother()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var receiver = TcpSyslogReceiver.Start();
        await using var worker = await ForwarderApplication.StartOnAsync(database, "--Forwarder:Engine:Name=worker");
        var pusher = await Pusher.CreateAsync(worker, "before");
        await worker.AddIntegrationAsync(new { name = "siem", serverUrl = $"tcp://127.0.0.1:{receiver.Port}", outputType = "JSON", sources = new[] { pusher.SourceId } });
        await pusher.PushAsync(Pusher.Event("0"), Token);
        await receiver.WaitForMessagesAsync(1, Token);
        Assert.Equal("before", SourceOf(receiver, 0));
        await using var office = await ForwarderApplication.StartOnAsync(database, "--Forwarder:Engine:Name=office", "--Forwarder:Engine:Roles:0=api");

        await office.PutAsync($"/api/v1/sources/{pusher.SourceId}", new { name = "after", inbox = new { } });

        var renamed = await WaitForNameAsync(worker, pusher, receiver, "after");
        Assert.InRange(renamed, TimeSpan.Zero, TimeSpan.FromSeconds(10));
        // On a machine that does nothing else it is this.
        Assert.Equal(TimeSpan.FromSeconds(2), new ForwarderOptions().ConfigurationInterval);
    }

    [Fact]
    public async Task ASourceThatIsRepointedAtOneEngineIsReadAtItsNewAddressByAnother()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var receiver = TcpSyslogReceiver.Start();
        await using var old = await KeycloakSimulator.StartAsync(new SimulatorOptions(), Token);
        await using var moved = await KeycloakSimulator.StartAsync(new SimulatorOptions(), Token);
        await using var worker = await ForwarderApplication.StartOnAsync(database, "--Forwarder:Engine:Name=worker");
        var source = (await worker.PostAsync("/api/v1/sources", Request(old)))["id"]!.GetValue<int>();
        await worker.AddIntegrationAsync(new { name = "siem", serverUrl = $"tcp://127.0.0.1:{receiver.Port}", outputType = "JSON", sources = new[] { source } });
        await WaitForUserAsync(old, receiver, "before");
        await using var office = await ForwarderApplication.StartOnAsync(database, "--Forwarder:Engine:Name=office", "--Forwarder:Engine:Roles:0=api");

        await office.PutAsync($"/api/v1/sources/{source}", Request(moved));

        Assert.InRange(await WaitForUserAsync(moved, receiver, "after"), TimeSpan.Zero, TimeSpan.FromSeconds(15));

        static object Request(KeycloakSimulator keycloak) => new
        {
            name = "realm",
            keycloak = new { baseUrl = keycloak.BaseUrl, realm = keycloak.Realm.Name, clientId = "siem-forwarder", clientSecret = "siem-forwarder-secret", pollIntervalSeconds = 1 },
        };
    }

    [Fact]
    public async Task AnInboxThatIsClosedAtOneEngineIsClosedAtEveryOther()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var first = await ForwarderApplication.StartOnAsync(database, "--Forwarder:Engine:Name=first");
        await using var second = await ForwarderApplication.StartOnAsync(database, "--Forwarder:Engine:Name=second");
        var pusher = await Pusher.CreateAsync(first, "apps");
        Assert.Equal(HttpStatusCode.Accepted, (await new Pusher(second.Api, pusher.SourceId).PushAsync(Pusher.Event("0"), Token)).Status);

        await first.PutAsync($"/api/v1/sources/{pusher.SourceId}", new { name = "apps", enabled = false, inbox = new { } });

        using var bound = CancellationTokenSource.CreateLinkedTokenSource(Token);
        bound.CancelAfter(TimeSpan.FromSeconds(10));
        while ((await new Pusher(second.Api, pusher.SourceId).PushAsync(Pusher.Event("0"), bound.Token)).Status != HttpStatusCode.Conflict)
        {
        }
    }

    private static async Task<TimeSpan> WaitForNameAsync(ForwarderApplication worker, Pusher pusher, TcpSyslogReceiver receiver, string name)
    {
        var clock = System.Diagnostics.Stopwatch.StartNew();
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(Token);
        bound.CancelAfter(TimeSpan.FromSeconds(30));
        for (var i = 1; ; i++)
        {
            await pusher.PushAsync(Pusher.Event($"{i}"), bound.Token);
            await receiver.WaitForMessagesAsync(i + 1, bound.Token);
            if (SourceOf(receiver, i) == name)
            {
                return clock.Elapsed;
            }
        }
    }

    /// <summary>Lets a user of that name sign in again and again until the receiver hears of it; how long that took.</summary>
    private static async Task<TimeSpan> WaitForUserAsync(KeycloakSimulator keycloak, TcpSyslogReceiver receiver, string user)
    {
        var clock = System.Diagnostics.Stopwatch.StartNew();
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(Token);
        bound.CancelAfter(TimeSpan.FromSeconds(30));
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        while (!receiver.Messages.Any(message => Encoding.UTF8.GetString(message).Contains($"\"{user}\"", StringComparison.Ordinal)))
        {
            keycloak.Realm.AddLogin(user);
            await tick.WaitForNextTickAsync(bound.Token);
        }

        return clock.Elapsed;
    }

    private static string SourceOf(TcpSyslogReceiver receiver, int index) => (string)JsonNode.Parse(Encoding.UTF8.GetString(receiver.Messages[index]))!["source"]!;
}
