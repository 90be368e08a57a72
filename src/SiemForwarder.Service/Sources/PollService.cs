using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Keycloak;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Sources;

/// <summary>Keeps one poller running for every enabled Keycloak realm, and starts it anew when its settings change.</summary>
internal sealed class PollService(
    SourceStore store, EventLogWriter log, EngineLeases leases, ConfigurationSignal configuration, IOptions<ForwarderOptions> options, TimeProvider time,
    ForwarderTelemetry telemetry, ILoggerFactory loggers) : BackgroundService
{
    private static readonly TimeSpan UnusablePause = TimeSpan.FromSeconds(30);
    private readonly LoopSet loops = new();
    private readonly ConcurrentDictionary<int, RealmPoller> pollers = new();
    private readonly DatabasePatience patience = new(time, telemetry);

    /// <summary>What the poller of a source reports; null where none runs here.</summary>
    public RealmPollStatus? FindStatus(int sourceId) => pollers.GetValueOrDefault(sourceId)?.Status;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                var changed = Task.WhenAny(configuration.Changed, leases.Changed);
                var fences = leases.Fences(LeaseKind.Source);
                var enabled = (await patience.TryUntilDoneAsync(store.ListEnabledAsync, stoppingToken))
                    .Where(source => source.Kind == "keycloak" && fences.ContainsKey(source.Id))
                    .ToDictionary(source => source.Id);
                await loops.ReconcileAsync(
                    enabled.ToDictionary(pair => pair.Key, pair => (pair.Value.Version, fences[pair.Key])),
                    (id, token) => RunAsync(enabled[id], fences[id], token),
                    stoppingToken);
                await Task.WhenAny(changed, Task.Delay(options.Value.ConfigurationInterval, time, stoppingToken));
                stoppingToken.ThrowIfCancellationRequested();
            }
        }
        finally
        {
            await loops.StopAllAsync();
        }
    }

    private async Task RunAsync(Source source, long fence, CancellationToken stoppingToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        var cancellationToken = stop.Token;
        if (store.SecretsOf(source)?.GetValueOrDefault(SourceDefinition.ClientSecret) is not { } secret)
        {
            telemetry.SourceUnusable(source.Name, "its stored secret cannot be decrypted with the keys of this database; enter it again.");
            await Task.Delay(UnusablePause, time, cancellationToken);
            return;
        }

        try
        {
            var checkpoints = await patience.TryUntilDoneAsync(token => store.ReadCheckpointsAsync(source.Id, token), cancellationToken);
            var keycloak = SourceDefinition.FromJson(source.Definition).ToKeycloak(source, secret);
            using var poller = new RealmPoller(keycloak, checkpoints, AppendAsync, time, loggers.CreateLogger<RealmPoller>());
            pollers[source.Id] = poller;
            await poller.RunAsync(cancellationToken);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            // A bug in one poller must not stop the others; the next look at the configuration starts it anew.
            telemetry.PollerFailed(source.Name, exception);
            await Task.Delay(TimeSpan.FromSeconds(5), time, cancellationToken);
        }
        finally
        {
            pollers.TryRemove(source.Id, out _);
        }

        async Task<AppendOutcome> AppendAsync(LogAppend append, CancellationToken token)
        {
            var outcome = await log.AppendAsync(append with { Fence = fence }, token);
            if (outcome is AppendOutcome.Superseded)
            {
                // The lease is gone: this poller has nothing more to say, its successor reads on from the stored checkpoint.
                await stop.CancelAsync();
                return new AppendOutcome.Unavailable("Another engine took over this source.");
            }

            if (outcome is AppendOutcome.Committed { Appended: > 0 } committed)
            {
                telemetry.PageAppended(source.Name, committed.Appended);
            }

            return outcome;
        }
    }
}
