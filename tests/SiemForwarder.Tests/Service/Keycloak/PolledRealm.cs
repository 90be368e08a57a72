using Microsoft.Extensions.Logging.Abstractions;
using SiemForwarder.Connections;
using SiemForwarder.Events;
using SiemForwarder.Service.Keycloak.Client;
using SiemForwarder.Service.Keycloak.Polling;
using SiemForwarder.Service.Keycloak.Tail;
using SiemForwarder.Simulator;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Service.Keycloak;

/// <summary>A simulated server, a poller and a log on one fake clock.</summary>
internal sealed class PolledRealm : IAsyncDisposable
{
    private readonly int? pageRows;

    private PolledRealm(KeycloakSimulator server, TestClock clock, KeycloakSource source, int? pageRows)
    {
        this.pageRows = pageRows;
        Server = server;
        Clock = clock;
        Source = source;
        Poller = NewPoller();
    }

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public KeycloakSimulator Server { get; }

    public TestClock Clock { get; }

    public KeycloakSource Source { get; }

    public RecordingLog Log { get; } = new();

    public RealmPoller Poller { get; private set; }

    public SimulatedRealm Realm => Server.Realm;

    public static async Task<PolledRealm> StartAsync(
        SimulatedTier tier, PollStart? start = null, SimulatorOptions? options = null, int? pageRows = null, TestClock? clock = null,
        DateTimeOffset? savedAt = null)
    {
        clock ??= new TestClock();
        var server = await KeycloakSimulator.StartAsync((options ?? new SimulatorOptions()) with { Tier = tier, Clock = clock }, Token);
        server.Realm.RecordsTokens = false;
        return new PolledRealm(server, clock, SourceOf(server) with { Start = start ?? PollStart.All, SavedAt = savedAt }, pageRows);
    }

    public static KeycloakSource SourceOf(KeycloakSimulator server) => new()
    {
        Id = 1,
        Name = "demo",
        BaseUrl = server.BaseUrl,
        Realm = "siem-demo",
        ClientId = "siem-forwarder",
        Credential = new KeycloakCredential.ClientSecret(new Secret("siem-forwarder-secret")),
    };

    public Task<PollOutcome> PollAsync(EventStream stream = EventStream.User) => Poller.PollOnceAsync(stream, Token);

    /// <summary>Polls until the stream is read to its end.</summary>
    public async Task<PollOutcome> PollToEndAsync(EventStream stream = EventStream.User)
    {
        for (var turn = 0; turn < 500; turn++)
        {
            var outcome = await PollAsync(stream);
            if (outcome is not PollOutcome.Polled { MoreWaiting: true })
            {
                return outcome;
            }
        }

        throw new InvalidOperationException("The stream has no end.");
    }

    /// <summary>A new process with what the log stored.</summary>
    public void Restart()
    {
        Poller.Dispose();
        Poller = NewPoller();
    }

    /// <summary>Everything the server can show is in the log, once, and nothing else.</summary>
    public void AssertComplete(EventStream stream = EventStream.User)
    {
        var rows = (stream == EventStream.Admin ? Realm.AdminEvents : Realm.UserEvents).Rows();
        Assert.Equal(rows.Select(RecordingLog.WithoutId).Order(StringComparer.Ordinal), Log.Bodies(stream).Select(RecordingLog.WithoutId).Order(StringComparer.Ordinal));
    }

    public async ValueTask DisposeAsync()
    {
        Poller.Dispose();
        await Server.DisposeAsync();
    }

    private RealmPoller NewPoller() => new(Source, Log.Checkpoints, Log.AppendAsync, Clock, NullLogger.Instance, pageRows, Log.LookUpAsync);
}
