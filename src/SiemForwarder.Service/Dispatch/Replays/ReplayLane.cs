using SiemForwarder.Service.Dispatch.Delivery;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.Integrations;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Dispatch.Replays;

/// <summary>Runs the replays of an integration one after the other, within their rates; each resumes where it stopped, whatever stopped it.</summary>
/// <param name="integration">The integration.</param>
/// <param name="table">Its replays.</param>
/// <param name="open">Opens the delivery of a replay.</param>
/// <param name="configuration">Wakes the lane when a replay is requested or cancelled.</param>
/// <param name="options">Pauses.</param>
/// <param name="time">Clock.</param>
/// <param name="telemetry">Log and counters.</param>
internal sealed class ReplayLane(
    RunnableIntegration integration, IReplayTable table, Func<Replay, CancellationToken, BatchDelivery> open,
    ConfigurationSignal configuration, DispatchOptions options, TimeProvider time, ForwarderTelemetry telemetry)
{
    private static readonly TimeSpan IdleInterval = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan CancelGlance = TimeSpan.FromSeconds(2);

    private readonly DatabaseRetry databaseRetry = new(time, telemetry);

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var changed = configuration.Changed;
            if (await databaseRetry.TryUntilDoneAsync(token => table.FindRunningAsync(integration.Id, token), cancellationToken) is { } replay)
            {
                await RunOneAsync(replay, cancellationToken);
                continue;
            }

            await Task.WhenAny(changed, Task.Delay(IdleInterval, time, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private async Task RunOneAsync(Replay replay, CancellationToken cancellationToken)
    {
        await databaseRetry.TryUntilDoneAsync(token => table.StartAsync(replay.Id, token), cancellationToken);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var watching = WatchAsync(replay, stop);
        var reading = DeliverAsync(replay, stop.Token);
        await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await stop.CancelAsync();
        await watching;
        cancellationToken.ThrowIfCancellationRequested();

        // If this replay was cancelled, the next one runs.
        if (reading.IsFaulted)
        {
            await reading;
        }
    }

    private async Task DeliverAsync(Replay replay, CancellationToken cancellationToken)
    {
        await using var delivery = open(replay, cancellationToken);
        var pace = new Pace(replay.EventsPerSecond, time);
        foreach (var range in replay.Ranges)
        {
            var after = range.Position;
            while (after < range.LastPosition)
            {
                var run = await delivery.DeliverNextAsync(range.SourceId, after, range.LastPosition, cancellationToken);
                switch (run.End)
                {
                    case RunEnd.NothingNew:
                        // This engine does not know the end of the log yet.
                        await Task.Delay(CancelGlance, time, cancellationToken);
                        break;
                    case RunEnd.CheckpointTaken:
                        await Task.Delay(options.RoundPause, time, cancellationToken);
                        return;
                    default:
                        after = run.LastPosition;
                        await pace.WaitAsync(run.EventCount, cancellationToken);
                        break;
                }
            }
        }

        await databaseRetry.TryUntilDoneAsync(token => table.FinishAsync(replay.Id, token), cancellationToken);
    }

    /// <summary>Stops the replay when it is cancelled, even while it waits for its destination.</summary>
    private async Task WatchAsync(Replay replay, CancellationTokenSource stop)
    {
        while (true)
        {
            await Task.WhenAny(configuration.Changed, Task.Delay(CancelGlance, time, stop.Token));
            var look = databaseRetry.TryUntilDoneAsync(token => table.FindAsync(integration.Id, replay.Id, token), stop.Token);
            await ((Task)look).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!look.IsCompletedSuccessfully || (await look)?.State != Replay.Running)
            {
                await stop.CancelAsync();
                return;
            }
        }
    }
}

/// <summary>Keeps a replay within its rate: after each batch it waits in proportion to the size of the batch.</summary>
internal sealed class Pace(int eventsPerSecond, TimeProvider time)
{
    private long freeAt = time.GetTimestamp();

    /// <summary>Waits until events may be sent again.</summary>
    public async Task WaitAsync(int events, CancellationToken cancellationToken)
    {
        // Time lost to a slow destination is not made up for: the rate is a limit, not an average.
        var now = time.GetTimestamp();
        freeAt = Math.Max(freeAt, now - time.TimestampFrequency) + (events * time.TimestampFrequency / eventsPerSecond);
        var wait = time.GetElapsedTime(now, freeAt);
        if (wait > TimeSpan.Zero)
        {
            await Task.Delay(wait, time, cancellationToken);
        }
    }
}
