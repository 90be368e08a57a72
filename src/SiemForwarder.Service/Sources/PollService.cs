using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using SiemForwarder.Events;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Keycloak.Client;
using SiemForwarder.Service.Keycloak.Tail;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Storage.Protection;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Sources;

/// <summary>Keeps one poller running for every enabled Keycloak realm, and restarts it when its settings change.</summary>
internal sealed class PollService(
    SourceStore store, EventLogWriter log, StoredBodies bodies, RealmIdentities identities, EngineLeases leases, ConfigurationSignal configuration,
    IOptions<ForwarderOptions> options, TimeProvider time, ForwarderTelemetry telemetry, ILoggerFactory loggers, LogHistory history,
    ExpiryWatch expiry, LoopGuard guard)
    : LeasedLoopService<Source>(LeaseKind.Source, leases, configuration, options.Value.ConfigurationInterval, time, telemetry, guard)
{
    private static readonly TimeSpan UnusablePause = TimeSpan.FromSeconds(30);
    private readonly ConcurrentDictionary<int, RealmPoller> pollers = new();
    private readonly ConcurrentDictionary<int, RealmPoller> histories = new();

    /// <summary>The status of the poller of a source; null if none runs here.</summary>
    public RealmPollStatus? FindStatus(int sourceId) => pollers.GetValueOrDefault(sourceId)?.Status;

    /// <summary>The status of reading the history of a source; null if none is read here.</summary>
    public RealmPollStatus? FindHistory(int sourceId) => histories.GetValueOrDefault(sourceId)?.Status;

    /// <summary>The statuses of all pollers of this engine.</summary>
    public IReadOnlyList<RealmPollStatus> Statuses => [.. pollers.Values.Select(poller => poller.Status)];

    protected override int Edition => history.Edition;

    protected override async Task<IReadOnlyList<(int Id, int Version, Source Resource)>> ListEnabledAsync(CancellationToken cancellationToken) =>
        [.. (await store.ListEnabledAsync(cancellationToken)).Where(source => source.Kind == SourceDefinition.KeycloakKind)
            .Select(source => (source.Id, SecretReferences.Stamp(source.Version, source.Definition), source))];

    protected override async Task RunAsync(Source resource, long fence, CancellationToken stoppingToken)
    {
        var source = resource;
        // Before the checkpoints are read: pages based on them are refused once the log has another history.
        var edition = history.Edition;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        var cancellationToken = stop.Token;
        if (store.SecretsOf(source) is not { } secrets)
        {
            Telemetry.SourceUnusable(source.Name, "its stored secret cannot be decrypted with the keys of this database; enter it again.");
            await Task.Delay(UnusablePause, Time, cancellationToken);
            return;
        }

        if (SourceDefinition.Read(source.Definition, out var fault) is not { } definition)
        {
            Telemetry.SourceUnusable(source.Name, fault!);
            await Task.Delay(UnusablePause, Time, cancellationToken);
            return;
        }

        try
        {
            var checkpoints = await DatabaseRetry.TryUntilDoneAsync(token => store.ReadCheckpointsAsync(source.Id, PollLane.Live, token), cancellationToken);
            var history = await DatabaseRetry.TryUntilDoneAsync(token => store.ReadCheckpointsAsync(source.Id, PollLane.History, token), cancellationToken);
            using var watched = expiry.Open($"source:{source.Id}", source.Version);
            var keycloak = definition.ToKeycloak(source, secrets, store.Egress) with
            {
                Expiries = watched.Notes,
                Opened = Telemetry.CountConnections(source: source.Name),
            };
            var logger = loggers.CreateLogger<RealmPoller>();
            using var poller = new RealmPoller(
                HistoryLane.Live(keycloak), checkpoints, AppendAsync, Time, logger, lookUp: LookUpAsync, telemetry: Telemetry,
                watch: () => Guard.Watch($"polls the source '{source.Name}'", LoopGuard.StepBound));
            pollers[source.Id] = poller;
            var unread = HistoryLane.Unread(keycloak, checkpoints, history);
            await RunTogetherAsync(
                poller.RunAsync(cancellationToken),
                Task.WhenAll(
                    identities.LearnAsync(keycloak, cancellationToken),
                    unread.Count == 0 ? Task.CompletedTask : ReadHistoryAsync(keycloak with { Streams = unread }, history)),
                stop);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            // A bug in one poller must not stop the others; the next configuration check restarts it.
            Telemetry.PollerFailed(source.Name, exception);
            await Task.Delay(TimeSpan.FromSeconds(5), Time, cancellationToken);
        }
        finally
        {
            pollers.TryRemove(source.Id, out _);
        }

        async Task ReadHistoryAsync(KeycloakSource keycloak, IReadOnlyDictionary<EventStream, string?> history)
        {
            try
            {
                await HistoryLane.RunAsync(
                    keycloak, history, AppendAsync, lane => histories[source.Id] = lane, Time, loggers.CreateLogger<RealmPoller>(), LookUpAsync,
                    Telemetry, () => Guard.Watch($"reads the history of the source '{source.Name}'", LoopGuard.StepBound), cancellationToken);
            }
            finally
            {
                histories.TryRemove(source.Id, out _);
            }
        }

        // The first fault of either ends both; the next configuration check restarts them.
        static async Task RunTogetherAsync(Task live, Task history, CancellationTokenSource stop)
        {
            if (await Task.WhenAny(live, history) is { IsCompletedSuccessfully: false })
            {
                await stop.CancelAsync();
            }

            await Task.WhenAll(live, history);
        }

        Task<IReadOnlyList<IncomingEvent>?> LookUpAsync(EventStream stream, long fromMs, long toMs, CancellationToken token) =>
            bodies.ReadAsync(source.Id, stream, fromMs, toMs, token);

        async Task<AppendOutcome> AppendAsync(LogAppend append, CancellationToken token)
        {
            CrashPoint.Pass(CrashPoint.AfterPull);
            var began = Time.GetTimestamp();
            var outcome = await log.AppendAsync(append with { Fence = fence, Edition = edition }, token);
            Telemetry.PageAppended(source.Name, (outcome as AppendOutcome.Committed)?.Appended, Time.GetElapsedTime(began));
            if (outcome is AppendOutcome.Superseded)
            {
                // The lease is gone: this poller stops, and its successor continues from the stored checkpoint.
                await stop.CancelAsync();
                return new AppendOutcome.Unavailable("Another engine took over this source, or the history of the log was replaced.");
            }

            return outcome;
        }
    }
}
