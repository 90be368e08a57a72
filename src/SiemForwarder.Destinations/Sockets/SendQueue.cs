using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace SiemForwarder.Destinations.Sockets;

/// <summary>Asks the kernel how much of what was written the peer has not acknowledged yet.</summary>
/// <remarks>
/// Linux only: <c>ioctl(SIOCOUTQ)</c>, tcp(7), and the state in <c>TCP_INFO</c>. Elsewhere nothing is known, and a batch counts as
/// accepted once it is written and the connection has not been seen closing.
/// </remarks>
internal static class SendQueue
{
    private const int TcpLevel = 6;
    private const int TcpInfo = 11;
    private const byte Established = 1;
    private const byte CloseWait = 8;

    // TIOCOUTQ under its other name; PowerPC numbers its requests differently.
    private static readonly nuint OutstandingBytes = RuntimeInformation.ProcessArchitecture == Architecture.Ppc64le ? 0x40047473u : 0x5411u;

    public static bool IsKnown => OperatingSystem.IsLinux();

    /// <summary>What the kernel says of a connected socket.</summary>
    public static SendQueueState Read(Socket socket)
    {
        // The queue first: a reset that comes in between shows in the state, and then the count is not believed.
        if (IoControl(socket.SafeHandle, OutstandingBytes, out var unacknowledged) != 0)
        {
            return new SendQueueState(PeerState.Gone, int.MaxValue);
        }

        Span<byte> info = stackalloc byte[256];
        socket.GetRawSocketOption(TcpLevel, TcpInfo, info);
        return new SendQueueState(
            info[0] switch { Established => PeerState.Open, CloseWait => PeerState.Closing, _ => PeerState.Gone }, unacknowledged);
    }

    [DllImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int IoControl(SafeSocketHandle socket, nuint request, out int value);
}

/// <summary>What the kernel knows of the other side of a connection.</summary>
internal enum PeerState
{
    Open,

    /// <summary>It has said that it sends nothing more (FIN); it may still read.</summary>
    Closing,

    /// <summary>The connection is reset or closed; nothing that is outstanding will be acknowledged.</summary>
    Gone,
}

/// <summary>A look at a connection's send queue.</summary>
/// <param name="Peer">The other side.</param>
/// <param name="Unacknowledged">Bytes written that the peer's system has not acknowledged.</param>
internal readonly record struct SendQueueState(PeerState Peer, int Unacknowledged);
