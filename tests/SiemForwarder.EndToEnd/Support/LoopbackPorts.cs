using System.Net;
using System.Net.Sockets;

namespace SiemForwarder.EndToEnd.Support;

/// <summary>Ports for servers that must be told theirs before they listen, or that come back at the same one.</summary>
/// <remarks>
/// They lie below those that the system hands out (from 32768 on with Linux): a receiver that asks for any free port never gets one that the clients of
/// another test expect somebody else at.
/// </remarks>
internal static class LoopbackPorts
{
    private const int First = 20_000;
    private const int Count = 12_000;
    private static int last = Random.Shared.Next(Count);

    /// <summary>A port that is free for TCP on loopback, and that no other test of this process was given lately.</summary>
    public static int Next()
    {
        while (true)
        {
            var port = First + (int)((uint)Interlocked.Increment(ref last) % Count);
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
                return port;
            }
            catch (SocketException)
            {
                // Somebody else's; the next one may be free.
            }
        }
    }
}
