namespace SiemForwarder.Service.Storage;

/// <summary>Wakes everyone waiting for a change, once per change.</summary>
internal class ChangeSignal
{
    private TaskCompletionSource changed = New();

    /// <summary>Completes at the first change after this call.</summary>
    public Task Changed => Volatile.Read(ref changed).Task;

    public void Raise() => Interlocked.Exchange(ref changed, New()).TrySetResult();

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>Tells the loops of this process that sources or integrations have changed; other processes notice on their timer.</summary>
internal sealed class ConfigurationSignal : ChangeSignal;
