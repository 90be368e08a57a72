using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace SiemForwarder.Simulator.Receivers;

/// <summary>Makes a socket's incoming packets vanish, as if the network or the other host were gone: no response, no acknowledgement, no reset.</summary>
/// <remarks>Linux: a classic BPF program that drops everything (socket(7), SO_ATTACH_FILTER); needs no privilege.</remarks>
internal static class SocketFilter
{
    private const int SocketLevel = 1;
    private const int AttachFilter = 26;
    private const int DetachFilter = 27;

    // struct sock_filter: code BPF_RET | BPF_K, jt, jf, k = 0 bytes to keep.
    private static readonly byte[] DropAll = [0x06, 0, 0, 0, 0, 0, 0, 0];

    public static void Drop(Socket socket)
    {
        var program = GCHandle.Alloc(DropAll, GCHandleType.Pinned);
        try
        {
            // struct sock_fprog: the number of instructions, padding, their address.
            Span<byte> value = stackalloc byte[16];
            value.Clear();
            value[0] = 1;
            var address = program.AddrOfPinnedObject();
            MemoryMarshal.Write(value[8..], in address);
            socket.SetRawSocketOption(SocketLevel, AttachFilter, value);
        }
        finally
        {
            program.Free();
        }
    }

    public static void Restore(Socket socket) => socket.SetRawSocketOption(SocketLevel, DetachFilter, stackalloc byte[4]);
}
