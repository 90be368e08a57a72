namespace SiemForwarder.Service.Dispatch.Delivery;

/// <summary>A token that is cancelled a little after another one: what is on its way when a loop is stopped may come to its end, so that it
/// is not sent twice.</summary>
internal sealed class DelayedCancellation : IDisposable
{
    private readonly CancellationTokenSource source = new();
    private readonly CancellationTokenRegistration registration;

    /// <param name="span">How long after the other one.</param>
    /// <param name="stopping">The token that stops the loop.</param>
    public DelayedCancellation(TimeSpan span, CancellationToken stopping) =>
        registration = stopping.UnsafeRegister(_ => source.CancelAfter(span), null);

    public CancellationToken Token => source.Token;

    public void Dispose()
    {
        registration.Dispose();
        source.Dispose();
    }
}
