using System.Buffers;
using System.Net.Sockets;

namespace SiemForwarder.Simulator.Receivers;

/// <summary>A connection accepted by a receiver, and the exact bytes received over it.</summary>
public sealed class ReceivedConnection
{
    private readonly Lock guard = new();
    private readonly ArrayBufferWriter<byte> bytes = new();
    private readonly Socket socket;

    internal ReceivedConnection(Socket socket) => this.socket = socket;

    /// <summary>Everything read so far, after decryption.</summary>
    public byte[] Bytes
    {
        get
        {
            lock (guard)
            {
                return bytes.WrittenSpan.ToArray();
            }
        }
    }

    public int Length
    {
        get
        {
            lock (guard)
            {
                return bytes.WrittenCount;
            }
        }
    }

    /// <summary>True once the sender closed in an orderly way: with close_notify on TLS, with FIN on TCP.</summary>
    public bool EndedInOrder { get; internal set; }

    /// <summary>Ends the connection with RST; unread data is discarded.</summary>
    public void Reset()
    {
        socket.LingerState = new LingerOption(true, 0);
        socket.Dispose();
    }

    /// <summary>Makes the connection half-open: nothing from the sender reaches this side anymore, and the sender is not told.</summary>
    public void GoDark() => SocketFilter.Drop(socket);

    /// <summary>Announces the end of sending with FIN, and keeps reading until the sender ends too.</summary>
    public void Finish() => socket.Shutdown(SocketShutdown.Send);

    /// <summary>Closes the connection: with FIN, or with RST if a read is in progress.</summary>
    public void Close() => socket.Dispose();

    internal void Append(ReadOnlySpan<byte> more)
    {
        lock (guard)
        {
            bytes.Write(more);
        }
    }
}
