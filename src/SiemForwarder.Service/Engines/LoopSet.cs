namespace SiemForwarder.Service.Engines;

/// <summary>Keeps one loop running for every wanted resource, and starts it anew when the resource's version changed or the loop ended.</summary>
internal sealed class LoopSet
{
    private readonly Dictionary<int, Running> running = [];

    /// <summary>Stops what is not wanted any more (or not in this version) and starts what is missing.</summary>
    /// <param name="wanted">What each loop runs on, by id; a change of it starts the loop anew.</param>
    /// <param name="start">Starts the loop of an id; it ends when its token is cancelled.</param>
    /// <param name="stoppingToken">Ends all loops.</param>
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

    /// <summary>Stops all loops and waits for their ends.</summary>
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

    /// <summary>A loop that runs, and how to stop it.</summary>
    private sealed record Running(LoopIdentity Version, CancellationTokenSource Stop, Task Loop);
}

/// <summary>What a loop runs on.</summary>
/// <param name="Version">Version of its resource.</param>
/// <param name="Fence">Number of the lease.</param>
/// <param name="Edition">Edition of what is remembered of the log.</param>
internal readonly record struct LoopIdentity(int Version, long Fence, int Edition = 0);
