namespace SiemForwarder.Service.Storage;

/// <summary>Wakes whoever waits for a change, each time there is one.</summary>
internal class ChangeSignal
{
    private TaskCompletionSource changed = New();

    /// <summary>Completes at the first change after this call.</summary>
    public Task Changed => Volatile.Read(ref changed).Task;

    public void Raise() => Interlocked.Exchange(ref changed, New()).TrySetResult();

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>Tells the loops of this process that sources or integrations were changed; other processes see it by their timer.</summary>
internal sealed class ConfigurationSignal : ChangeSignal;
