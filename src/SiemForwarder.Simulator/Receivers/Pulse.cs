namespace SiemForwarder.Simulator.Receivers;

/// <summary>Lets somebody wait until something that others change is so, without asking again and again.</summary>
internal sealed class Pulse
{
    private volatile TaskCompletionSource next = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Says that something changed.</summary>
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
