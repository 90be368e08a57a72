namespace SiemForwarder.Connections.Network;

/// <summary>The stream under TLS; signals when the first bytes after the handshake have arrived and been processed.</summary>
/// <remarks>
/// With TLS 1.3 a client's handshake ends before the receiver has examined the client's certificate (RFC 8446 section 4.4.2). Data sent
/// immediately may be discarded with an alert. The receiver's session tickets are the first sign that it continued.
/// </remarks>
public sealed class InboundSignal(Stream inner) : DelegatingStream(inner)
{
    private readonly TaskCompletionSource digested = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool armed;
    private volatile bool came;

    /// <summary>Completes when the layer above requests more data after receiving bytes that arrived since <see cref="Arm"/>.</summary>
    public Task Digested => digested.Task;

    public void Arm() => armed = true;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (came && buffer.Length > 0)
        {
            digested.TrySetResult();
        }

        var count = await Inner.ReadAsync(buffer, cancellationToken);
        if (armed && count > 0)
        {
            came = true;
        }

        return count;
    }
}
