using SiemForwarder.Connections.Network;

namespace SiemForwarder.Destinations.Http;

/// <summary>Records what passes over a connection, for the report of a test; bounded in both directions.</summary>
internal sealed class RecordingStream(Stream inner) : DelegatingStream(inner)
{
    private const int MaxBytes = 64 * 1024;

    private readonly MemoryStream sent = new();
    private readonly MemoryStream received = new();

    /// <summary>Request line and headers including the final empty line; empty if nothing was sent.</summary>
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

    /// <summary>Discards everything recorded so far.</summary>
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

/// <summary>The connections of one test: the first is already open, others are opened if the receiver closes between requests.</summary>
internal sealed class RecordedConnections(Connector connector, Connection first) : IAsyncDisposable
{
    private Connection? unused = first;
    private RecordingStream? current;

    /// <summary>Request line and headers of the last request.</summary>
    public ReadOnlySpan<byte> SentHead => current is null ? default : current.SentHead;

    /// <summary>What was received in response to the last request.</summary>
    public ReadOnlySpan<byte> Received => current is null ? default : current.Received;

    public async ValueTask<Stream> OpenAsync(CancellationToken cancellationToken)
    {
        var connection = Interlocked.Exchange(ref unused, null);
        if (connection is null)
        {
            var opened = await connector.OpenAsync(null, cancellationToken);
            connection = opened.TryGet(out var next, out var fault) ? next : throw new ConnectFailedException(fault);
        }

        if (current is not null)
        {
            await current.DisposeAsync();
        }

        return current = new RecordingStream(connection.Stream);
    }

    /// <summary>Discards everything recorded: another request follows.</summary>
    public void Restart() => current?.Restart();

    public async ValueTask DisposeAsync()
    {
        if (unused is not null)
        {
            await unused.Stream.DisposeAsync();
        }

        if (current is not null)
        {
            await current.DisposeAsync();
        }
    }
}
