namespace SiemForwarder.Service.Dispatch.Replays;

/// <summary>Keeps a replay within its rate: after each batch it waits as long as the batch is worth.</summary>
internal sealed class Pace(int eventsPerSecond, TimeProvider time)
{
    private long freeAt = time.GetTimestamp();

    /// <summary>Waits until events may be sent again.</summary>
    public async Task WaitAsync(int events, CancellationToken cancellationToken)
    {
        // What was not used while the destination was slow is not made up for: the rate is a bound, not a mean.
        var now = time.GetTimestamp();
        freeAt = Math.Max(freeAt, now - time.TimestampFrequency) + (events * time.TimestampFrequency / eventsPerSecond);
        var wait = time.GetElapsedTime(now, freeAt);
        if (wait > TimeSpan.Zero)
        {
            await Task.Delay(wait, time, cancellationToken);
        }
    }
}
