using System.Net.Sockets;

namespace SiemForwarder.Destinations.Sockets;

/// <summary>Keeps a read pending on a connection: the only way to notice that the peer closed it or objected.</summary>
internal sealed class PeerWatch
{
    private const int KeptBytes = 4096;

    private readonly byte[] received = new byte[KeptBytes];
    private int receivedLength;

    private readonly TaskCompletionSource spoke = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public PeerWatch(Stream stream) => Ended = WatchAsync(stream);

    /// <summary>Completes, never with an exception, when nothing more can arrive.</summary>
    public Task Ended { get; }

    /// <summary>Completes when the peer sends something; never if it does not.</summary>
    public Task Spoke => spoke.Task;

    /// <summary>The exception of the read, once it ended; null if the peer closed in an orderly way.</summary>
    public Exception? Objection { get; private set; }

    /// <summary>The first bytes sent by the peer; a syslog receiver sends none.</summary>
    public ReadOnlyMemory<byte> Received => received.AsMemory(0, Volatile.Read(ref receivedLength));

    private async Task WatchAsync(Stream stream)
    {
        var rest = new byte[512];
        try
        {
            while (true)
            {
                var target = receivedLength < KeptBytes ? received.AsMemory(receivedLength) : rest;
                var count = await stream.ReadAsync(target);
                if (count == 0)
                {
                    return;
                }

                if (receivedLength < KeptBytes)
                {
                    Volatile.Write(ref receivedLength, receivedLength + count);
                    spoke.TrySetResult();
                }
            }
        }
        catch (Exception exception) when (exception is IOException or SocketException or ObjectDisposedException)
        {
            Objection = exception;
        }
    }
}
