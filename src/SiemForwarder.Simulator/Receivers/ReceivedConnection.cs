using System.Buffers;
using System.Net.Sockets;

namespace SiemForwarder.Simulator.Receivers;

/// <summary>One connection that a receiver accepted, and the exact bytes that came over it.</summary>
public sealed class ReceivedConnection
{
    private readonly Lock guard = new();
    private readonly ArrayBufferWriter<byte> bytes = new();
    private readonly Socket socket;

    internal ReceivedConnection(Socket socket) => this.socket = socket;

    /// <summary>Everything that was read so far, after decryption.</summary>
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

    /// <summary>True once the sender closed in order: with close_notify on TLS, with FIN on TCP.</summary>
    public bool EndedInOrder { get; internal set; }

    /// <summary>Ends the connection with RST; what was not read is thrown away.</summary>
    public void Reset()
    {
        socket.LingerState = new LingerOption(true, 0);
        socket.Dispose();
    }

    /// <summary>Makes the connection half-open: nothing that the sender sends reaches this side any more, and it is not told.</summary>
    public void GoDark() => SocketFilter.Drop(socket);

    /// <summary>Says with FIN that nothing more comes, and reads on until the sender ends too.</summary>
    public void Finish() => socket.Shutdown(SocketShutdown.Send);

    /// <summary>Ends the connection: with FIN, or with RST where a read is just under way.</summary>
    public void Close() => socket.Dispose();

    internal void Append(ReadOnlySpan<byte> more)
    {
        lock (guard)
        {
            bytes.Write(more);
        }
    }
}
