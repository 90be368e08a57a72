using System.Collections.Concurrent;
using System.Globalization;
using SiemForwarder.Connections;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Telemetry;

/// <summary>A failing or stalled background loop.</summary>
/// <param name="Loop">What it does, in words.</param>
/// <param name="Since">Since when it has been failing.</param>
/// <param name="Reason">The last error.</param>
/// <param name="IsOutage">Whether it is waiting for the database, whose state is logged once for all loops.</param>
internal sealed record LoopFault(string Loop, DateTimeOffset Since, string Reason, bool IsOutage);

/// <summary>Runs the background loops: a failed pass is logged once, shown in the readiness, and followed by a growing pause; no fault
/// ends the process. A pass that does not end within its bound is shown as stalled.</summary>
internal sealed class LoopGuard(DatabaseConnections database, TimeProvider time, ILogger<LoopGuard> logger, DatabaseOutage? outage = null)
{
    private const int MaxReasonLength = 1000;

    /// <summary>How long a pass may take that only asks the database a few things.</summary>
    public static readonly TimeSpan UsualBound = TimeSpan.FromMinutes(2);

    /// <summary>How long a pass may take that works through what has piled up.</summary>
    public static readonly TimeSpan LongBound = TimeSpan.FromHours(1);

    /// <summary>How long a step of a delivery may take: a destination may wait for its confirmation, and a pause between rounds is long.</summary>
    public static readonly TimeSpan StepBound = TimeSpan.FromMinutes(30);

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan MaxPause = TimeSpan.FromSeconds(5);
    private readonly ConcurrentDictionary<string, LoopFault> faults = new();
    private readonly ConcurrentDictionary<string, (long At, TimeSpan Bound)> passes = new();

    /// <summary>The loops that are failing.</summary>
    public IReadOnlyList<LoopFault> Faults => [.. faults.Values];

    /// <summary>The loops whose present pass takes longer than its bound.</summary>
    public IReadOnlyList<LoopFault> Stalled
    {
        get
        {
            var now = time.GetTimestamp();
            return
            [
                .. from pass in passes
                   let lasts = time.GetElapsedTime(pass.Value.At, now)
                   where lasts > pass.Value.Bound
                   select new LoopFault(
                       pass.Key,
                       time.GetUtcNow() - lasts,
                       $"Its pass has lasted {Text(lasts)}, longer than {Text(pass.Value.Bound)}. Restart the service.",
                       false),
            ];
        }
    }

    /// <summary>Alternates work and pauses until stopped; never throws. A pass may take <see cref="UsualBound"/>.</summary>
    public Task RunAsync(string loop, Func<CancellationToken, Task> work, Func<CancellationToken, Task> pause, CancellationToken stoppingToken) =>
        RunAsync(loop, UsualBound, work, pause, stoppingToken);

    /// <summary>Alternates work and pauses until stopped; never throws.</summary>
    /// <param name="loop">What the loop does, in words that follow "The loop that".</param>
    /// <param name="maxPass">How long a pass may take, or one part of it if it calls <see cref="Progressed"/>.</param>
    /// <param name="work">One pass.</param>
    /// <param name="pause">Waits after a successful pass.</param>
    /// <param name="stoppingToken">Stops the loop.</param>
    public async Task RunAsync(
        string loop, TimeSpan maxPass, Func<CancellationToken, Task> work, Func<CancellationToken, Task> pause, CancellationToken stoppingToken)
    {
        var wait = FirstPause;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                passes[loop] = (time.GetTimestamp(), maxPass);
                await work(stoppingToken);
                passes.TryRemove(loop, out _);
                Passed(loop);
                wait = FirstPause;
                await pause(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                passes.TryRemove(loop, out _);
                return;
            }
            catch (Exception exception)
            {
                passes.TryRemove(loop, out _);
                Failed(loop, exception);
                await Task.Delay(wait, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                wait = wait * 2 > MaxPause ? MaxPause : wait * 2;
            }
        }
    }

    /// <summary>Watches a loop that runs by itself, until disposed: it is stalled if it does not report within the bound.</summary>
    public LoopWatch Watch(string loop, TimeSpan maxStep)
    {
        passes[loop] = (time.GetTimestamp(), maxStep);
        return new LoopWatch(this, loop);
    }

    /// <summary>Forgets a loop that is no longer wanted.</summary>
    public void Forget(string loop)
    {
        passes.TryRemove(loop, out _);
        faults.TryRemove(loop, out _);
    }

    /// <summary>Records that the present pass of a loop gets on; its bound begins anew.</summary>
    public void Progressed(string loop)
    {
        if (passes.TryGetValue(loop, out var pass))
        {
            passes[loop] = pass with { At = time.GetTimestamp() };
        }
    }

    /// <summary>Records a successful pass.</summary>
    public void Passed(string loop)
    {
        if (faults.TryRemove(loop, out var fault))
        {
            logger.Log(
                fault.IsOutage ? LogLevel.Debug : LogLevel.Information, "The loop that {Loop} works again; it failed since {Since:O}.", loop, fault.Since);
        }
    }

    /// <summary>Records a failed pass; logged if the loop starts failing or fails differently.</summary>
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
            logger.LogError(exception, "The loop that {Loop} failed: {Reason} It retries automatically.", loop, reason);
        }
    }

    private static string Text(TimeSpan span) => span.ToString(@"hh\:mm\:ss", CultureInfo.InvariantCulture);

    /// <summary>No longer expects the loop to report.</summary>
    internal void Unwatch(string loop) => passes.TryRemove(loop, out _);
}

/// <summary>A loop that reports by itself that it gets on.</summary>
internal sealed class LoopWatch(LoopGuard guard, string loop) : IDisposable
{
    /// <summary>The loop has begun its next step.</summary>
    public void Progressed() => guard.Progressed(loop);

    /// <summary>The loop has done a step, so that what failed before works again.</summary>
    public void Passed()
    {
        guard.Passed(loop);
        guard.Progressed(loop);
    }

    public void Dispose() => guard.Unwatch(loop);
}
