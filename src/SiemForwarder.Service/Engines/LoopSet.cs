namespace SiemForwarder.Service.Engines;

/// <summary>Keeps one loop running for every wanted resource, and restarts it when the resource's version changes or the loop ends.</summary>
internal sealed class LoopSet
{
    private readonly Dictionary<int, Running> running = [];

    /// <summary>Stops loops that are no longer wanted (or not in this version) and starts missing ones.</summary>
    /// <param name="wanted">The identity of each loop, by id; a change restarts the loop.</param>
    /// <param name="start">Starts the loop with an id; it ends when its token is cancelled.</param>
    /// <param name="stoppingToken">Stops all loops.</param>
    public async Task ReconcileAsync(
        IReadOnlyDictionary<int, LoopIdentity> wanted, Func<int, CancellationToken, Task> start, CancellationToken stoppingToken)
    {
        var outdated = running
            .Where(pair => !wanted.TryGetValue(pair.Key, out var version) || version != pair.Value.Version || pair.Value.Loop.IsCompleted)
            .Select(pair => pair.Key)
            .ToList();
        await StopAsync(outdated);
        foreach (var (id, version) in wanted.Where(pair => !running.ContainsKey(pair.Key)))
        {
            var stop = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            running[id] = new Running(version, stop, start(id, stop.Token));
        }
    }

    /// <summary>Stops all loops and waits for them to end.</summary>
    public Task StopAllAsync() => StopAsync([.. running.Keys]);

    private async Task StopAsync(List<int> ids)
    {
        foreach (var id in ids)
        {
            await running[id].Stop.CancelAsync();
        }

        foreach (var id in ids)
        {
            running.Remove(id, out var one);
            await one!.Loop.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            one.Stop.Dispose();
        }
    }

    /// <summary>A running loop and how to stop it.</summary>
    private sealed record Running(LoopIdentity Version, CancellationTokenSource Stop, Task Loop);
}

/// <summary>The identity of a loop.</summary>
/// <param name="Version">Version of its resource.</param>
/// <param name="Fence">Number of the lease.</param>
/// <param name="Edition">Edition of what is remembered of the log.</param>
internal readonly record struct LoopIdentity(int Version, long Fence, int Edition = 0);
