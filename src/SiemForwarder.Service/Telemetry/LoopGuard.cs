using System.Collections.Concurrent;
using SiemForwarder.Connections;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Telemetry;

/// <summary>A background loop that fails now.</summary>
/// <param name="Loop">What it does, in words.</param>
/// <param name="Since">When it failed first.</param>
/// <param name="Reason">What went wrong last.</param>
/// <param name="IsOutage">Whether it waits for the database, whose state is told once for all loops.</param>
internal sealed record LoopFault(string Loop, DateTimeOffset Since, string Reason, bool IsOutage);

/// <summary>Runs the background loops: whatever a pass throws is told once, shown in the readiness, and followed by a pause that grows; no fault
/// ends the process.</summary>
internal sealed class LoopGuard(DatabaseConnections database, TimeProvider time, ILogger<LoopGuard> logger, DatabaseOutage? outage = null)
{
    private const int MaxReasonLength = 1000;

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan MaxPause = TimeSpan.FromSeconds(5);
    private readonly ConcurrentDictionary<string, LoopFault> faults = new();

    /// <summary>The loops that fail now.</summary>
    public IReadOnlyList<LoopFault> Faults => [.. faults.Values];

    /// <summary>Works and pauses in turn until stopped; returns then, and never throws.</summary>
    /// <param name="loop">What the loop does, in words that follow "The loop that".</param>
    /// <param name="work">One pass.</param>
    /// <param name="pause">Waits after a pass that ended well.</param>
    /// <param name="stoppingToken">Ends the loop.</param>
    public async Task RunAsync(string loop, Func<CancellationToken, Task> work, Func<CancellationToken, Task> pause, CancellationToken stoppingToken)
    {
        var wait = FirstPause;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await work(stoppingToken);
                Passed(loop);
                wait = FirstPause;
                await pause(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                Failed(loop, exception);
                await Task.Delay(wait, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                wait = wait * 2 > MaxPause ? MaxPause : wait * 2;
            }
        }
    }

    /// <summary>Notes a pass that ended well.</summary>
    public void Passed(string loop)
    {
        if (faults.TryRemove(loop, out var fault))
        {
            logger.Log(
                fault.IsOutage ? LogLevel.Debug : LogLevel.Information, "The loop that {Loop} works again; it failed since {Since:O}.", loop, fault.Since);
        }
    }

    /// <summary>Notes a pass that failed; written to the log where it fails anew or otherwise than before.</summary>
    public void Failed(string loop, Exception exception)
    {
        database.Suspect(exception);
        var reason = OneLine.Of(DatabaseFault.Describe(exception), MaxReasonLength);
        var before = faults.GetValueOrDefault(loop);
        var isOutage = outage?.Note(exception) == true;
        faults[loop] = new LoopFault(loop, before?.Since ?? time.GetUtcNow(), reason, isOutage);
        if (before?.Reason == reason)
        {
            return;
        }

        if (DatabaseFault.IsUnavailable(exception))
        {
            logger.Log(
                isOutage ? LogLevel.Debug : LogLevel.Warning,
                "The database is unavailable, so the loop that {Loop} is waiting: {Reason} It retries automatically.", loop, reason);
        }
        else
        {
            logger.LogError(exception, "The loop that {Loop} failed: {Reason} It tries again by itself.", loop, reason);
        }
    }
}
