namespace SiemForwarder.Connections;

/// <summary>Cancels a step when its time is up, and distinguishes that from the caller's own cancellation.</summary>
public sealed class TimeBound : IDisposable
{
    private readonly CancellationToken caller;
    private readonly CancellationTokenSource timer;
    private readonly CancellationTokenSource linked;

    public TimeBound(TimeSpan limit, TimeProvider time, CancellationToken caller)
    {
        this.caller = caller;
        timer = new CancellationTokenSource(limit, time);
        linked = CancellationTokenSource.CreateLinkedTokenSource(caller, timer.Token);
    }

    public CancellationToken Token => linked.Token;

    /// <summary>True if the time ran out and the caller did not cancel.</summary>
    public bool IsOver => timer.IsCancellationRequested && !caller.IsCancellationRequested;

    /// <summary>Restarts the time limit after progress.</summary>
    public void Extend(TimeSpan limit) => timer.CancelAfter(limit);

    public void Dispose()
    {
        linked.Dispose();
        timer.Dispose();
    }
}
