using Microsoft.Extensions.Options;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.Keycloak.Tail;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Sources;

/// <summary>Stores the status of this engine's pollers every few seconds if anything changed.</summary>
internal sealed class SourceStatusService(
    PollService polling, SourceStatusTable table, IOptions<EngineOptions> engine, IOptions<ForwarderOptions> options, TimeProvider time,
    LoopGuard guard) : BackgroundService
{
    private static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(15);

    private readonly Dictionary<int, (RealmPollStatus Status, long SavedAt)> saved = [];

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => guard.RunAsync(
        "stores the status of sources", SaveAsync, token => Task.Delay(options.Value.ConfigurationInterval, time, token), stoppingToken);

    private async Task SaveAsync(CancellationToken cancellationToken)
    {
        var changed = polling.Statuses.Where(IsWorthSaving).ToList();
        if (changed.Count == 0)
        {
            return;
        }

        await table.SaveAsync(changed, engine.Value.Name, cancellationToken);
        foreach (var status in changed)
        {
            saved[status.SourceId] = (status, time.GetTimestamp());
        }
    }

    private bool IsWorthSaving(RealmPollStatus status) =>
        !saved.TryGetValue(status.SourceId, out var last)
        || (!ReferenceEquals(last.Status, status) && (!last.Status.Headline.Equals(status.Headline) || time.GetElapsedTime(last.SavedAt) >= MaxAge));
}
