using Microsoft.Extensions.Options;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.Keycloak;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Sources;

/// <summary>Writes down every few seconds how the pollers of this engine do, where anything changed.</summary>
internal sealed class SourceStatusService(
    PollService polling, SourceStatusTable table, IOptions<EngineOptions> engine, IOptions<ForwarderOptions> options, TimeProvider time,
    ILogger<SourceStatusService> logger) : BackgroundService
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(15);

    private readonly Dictionary<int, (RealmPollStatus Status, long SavedAt)> saved = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(options.Value.ConfigurationInterval, time, stoppingToken);
            var changed = polling.Statuses.Where(IsWorthSaving).ToList();
            if (changed.Count == 0)
            {
                continue;
            }

            try
            {
                await table.SaveAsync(changed, engine.Value.Name, stoppingToken);
                foreach (var status in changed)
                {
                    saved[status.SourceId] = (status, time.GetTimestamp());
                }
            }
            catch (Exception exception) when (DatabaseFault.IsPassing(exception))
            {
                logger.LogWarning("The status of sources could not be written down: {Reason}", exception.Message);
            }
        }
    }

    private bool IsWorthSaving(RealmPollStatus status) =>
        !saved.TryGetValue(status.SourceId, out var last)
        || (!ReferenceEquals(last.Status, status) && (!last.Status.Headline.Equals(status.Headline) || time.GetElapsedTime(last.SavedAt) >= Longest));
}
