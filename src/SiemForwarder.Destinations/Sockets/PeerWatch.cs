using System.Net.Sockets;

namespace SiemForwarder.Destinations.Sockets;

/// <summary>Keeps a read pending on a connection: the only way to learn that the peer closed it, or what it objects to.</summary>
internal sealed class PeerWatch
{
    private const int KeptBytes = 4096;

    private readonly byte[] received = new byte[KeptBytes];
    private int receivedLength;

    private readonly TaskCompletionSource spoke = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public PeerWatch(Stream stream) => Ended = WatchAsync(stream);

    /// <summary>Completes, always without an exception, when nothing more comes.</summary>
    public Task Ended { get; }

    /// <summary>Completes when the peer sends something; never where it does not.</summary>
    public Task Spoke => spoke.Task;

    /// <summary>What the read threw, once it ended; null where the peer closed in order.</summary>
    public Exception? Objection { get; private set; }

    /// <summary>The first bytes that the peer sent; a syslog receiver sends none.</summary>
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
