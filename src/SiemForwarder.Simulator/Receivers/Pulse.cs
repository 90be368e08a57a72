namespace SiemForwarder.Simulator.Receivers;

/// <summary>Lets a caller wait, without polling, until a condition that others change is met.</summary>
internal sealed class Pulse
{
    private volatile TaskCompletionSource next = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Signals that something changed.</summary>
    public void Beat() => Interlocked.Exchange(ref next, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();

    public async Task WaitUntilAsync(Func<bool> isSo, CancellationToken cancellationToken)
    {
        while (true)
        {
            var beat = next.Task;
            if (isSo())
            {
                return;
            }

            await beat.WaitAsync(cancellationToken);
        }
    }
}
