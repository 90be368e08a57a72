namespace SiemForwarder.Destinations.Network;

/// <summary>The stream under TLS; tells when the first bytes after the handshake have come and were digested.</summary>
/// <remarks>
/// With TLS 1.3 a client's handshake ends before the receiver has looked at the client's certificate (RFC 8446 section 4.4.2). What is
/// sent at once may be thrown away with an alert. The receiver's session tickets are the first sign that it went on.
/// </remarks>
internal sealed class InboundSignal(Stream inner) : Stream
{
    private readonly TaskCompletionSource digested = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool armed;
    private volatile bool came;

    /// <summary>Completes when the layer above asks for more after it got bytes that arrived since <see cref="Arm"/>.</summary>
    public Task Digested => digested.Task;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public void Arm() => armed = true;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (came && buffer.Length > 0)
        {
            digested.TrySetResult();
        }

        var count = await inner.ReadAsync(buffer, cancellationToken);
        if (armed && count > 0)
        {
            came = true;
        }

        return count;
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        inner.WriteAsync(buffer, cancellationToken);

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, count);

    public override void Write(byte[] buffer, int offset, int count) => inner.Write(buffer, offset, count);

    public override void Flush() => inner.Flush();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override async ValueTask DisposeAsync()
    {
        await inner.DisposeAsync();
        await base.DisposeAsync();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }
}
