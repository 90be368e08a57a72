using System.Net;
using System.Net.Sockets;
using SiemForwarder.Connections.Network;

namespace SiemForwarder.Destinations.Http;

/// <summary>A connection to an HTTP receiver that notices a response arriving while the body is still being sent.</summary>
/// <remarks>
/// A receiver may reject a request by its head or first bytes and close with the rest unread, or just stop reading (RFC 9112 section 9.5). The
/// client writes the whole body before it reads, so the rejection would look like a broken connection, or a write that never ends. Here a write that
/// cannot be completed ends with <see cref="BodyCutOffException"/>, and the response can still be read.
/// </remarks>
internal sealed class AnswerAheadStream(Stream inner) : DelegatingStream(inner)
{
    private const int AheadBytes = 4096;

    private const int WriteBytes = 64 * 1024;

    // A receiver may respond and keep reading, for example when streaming: it is given up once it accepts nothing for this long.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

    private readonly byte[] kept = new byte[AheadBytes];
    private Task<int>? ahead;
    private int taken;
    private bool isCutOff;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (ahead is null && buffer.Length > 0)
        {
            return await Inner.ReadAsync(buffer, cancellationToken);
        }

        // A zero-byte read asks whether data is available.
        var count = await Ahead().WaitAsync(cancellationToken);
        if (buffer.Length == 0 || count == 0)
        {
            return 0;
        }

        var part = Math.Min(buffer.Length, count - taken);
        kept.AsSpan(taken, part).CopyTo(buffer.Span);
        taken += part;
        if (taken == count)
        {
            (ahead, taken) = (null, 0);
        }

        return part;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (isCutOff)
        {
            throw new BodyCutOffException(this, null);
        }

        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            for (var written = 0; written < buffer.Length; written += WriteBytes)
            {
                var writing = Inner.WriteAsync(buffer.Slice(written, Math.Min(WriteBytes, buffer.Length - written)), giveUp.Token);
                if (!writing.IsCompletedSuccessfully)
                {
                    await FinishAsync(writing.AsTask(), giveUp);
                }
            }
        }
        catch (Exception exception) when (exception is IOException or SocketException or OperationCanceledException
            && !cancellationToken.IsCancellationRequested)
        {
            isCutOff = true;
            throw new BodyCutOffException(this, exception);
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private async Task FinishAsync(Task writing, CancellationTokenSource giveUp)
    {
        var answered = Ahead();
        if (await Task.WhenAny(writing, answered) == answered && answered.IsCompletedSuccessfully && await answered > 0)
        {
            giveUp.CancelAfter(Grace);
        }

        await writing;
        giveUp.CancelAfter(Timeout.InfiniteTimeSpan);
    }

    private Task<int> Ahead() => ahead ??= Inner.ReadAsync(kept).AsTask();
}

/// <summary>Thrown when a receiver stops accepting a request; its response may still be readable from the connection.</summary>
internal sealed class BodyCutOffException(Stream connection, Exception? cause) : IOException("The receiver stopped accepting the request.", cause)
{
    /// <summary>The connection, which cannot be reused for another request.</summary>
    public Stream Connection => connection;
}

/// <summary>The body of a request; if a receiver accepts only part of it, its response can still be read.</summary>
internal sealed class CutOffContent(ReadOnlyMemory<byte> body) : HttpContent
{
    /// <summary>The connection that accepted only part of the body; null if it accepted all.</summary>
    public Stream? CutOff { get; private set; }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        CutOff = null;
        try
        {
            await stream.WriteAsync(body, cancellationToken);
        }
        catch (BodyCutOffException exception)
        {
            CutOff = exception.Connection;
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = body.Length;
        return true;
    }
}
