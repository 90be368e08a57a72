using SiemForwarder.Connections.Network;

namespace SiemForwarder.Destinations.Http;

/// <summary>Keeps what goes over a connection, for the report of a test; bounded both ways.</summary>
internal sealed class RecordingStream(Stream inner) : DelegatingStream(inner)
{
    private const int MaxBytes = 64 * 1024;

    private readonly MemoryStream sent = new();
    private readonly MemoryStream received = new();

    /// <summary>Request line and headers with the empty line behind them; empty where nothing was sent.</summary>
    public ReadOnlySpan<byte> SentHead
    {
        get
        {
            var bytes = sent.GetBuffer().AsSpan(0, (int)sent.Length);
            var end = bytes.IndexOf("\r\n\r\n"u8);
            return end < 0 ? bytes : bytes[..(end + 4)];
        }
    }

    public ReadOnlySpan<byte> Received => received.GetBuffer().AsSpan(0, (int)received.Length);

    /// <summary>Forgets what was recorded so far.</summary>
    public void Restart()
    {
        sent.SetLength(0);
        received.SetLength(0);
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var count = await Inner.ReadAsync(buffer, cancellationToken);
        Keep(received, buffer.Span[..count]);
        return count;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Keep(sent, buffer.Span);
        await Inner.WriteAsync(buffer, cancellationToken);
    }

    public override int Read(byte[] buffer, int offset, int count)
    {
        var read = Inner.Read(buffer, offset, count);
        Keep(received, buffer.AsSpan(offset, read));
        return read;
    }

    public override void Write(byte[] buffer, int offset, int count)
    {
        Keep(sent, buffer.AsSpan(offset, count));
        Inner.Write(buffer, offset, count);
    }

    private static void Keep(MemoryStream kept, ReadOnlySpan<byte> bytes) =>
        kept.Write(bytes[..(int)Math.Min(bytes.Length, MaxBytes - kept.Length)]);
}
