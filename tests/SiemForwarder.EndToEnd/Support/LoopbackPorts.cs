using System.Net;
using System.Net.Sockets;

namespace SiemForwarder.EndToEnd.Support;

/// <summary>Ports for servers that must be told theirs before they listen, or that come back at the same one.</summary>
/// <remarks>
/// They lie below those that the system hands out (from 32768 on with Linux): a receiver that asks for any free port never gets one that the clients of
/// another test expect somebody else at. Each test process has a block of its own, claimed by a locked file for as long as it lives.
/// </remarks>
internal static class LoopbackPorts
{
    private const int First = 20_000;
    private const int BlockSize = 600;
    private const int Blocks = 20;

    private static readonly (int Number, FileStream Claim) Block = ClaimBlock();
    private static int last = Random.Shared.Next(BlockSize);

    /// <summary>A port that is free for TCP on loopback, and that no other test was given lately.</summary>
    public static int Next()
    {
        while (true)
        {
            var port = First + (Block.Number * BlockSize) + (int)((uint)Interlocked.Increment(ref last) % BlockSize);
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

    private static (int Number, FileStream Claim) ClaimBlock()
    {
        for (var number = 0; number < Blocks; number++)
        {
            try
            {
                var file = Path.Combine(Path.GetTempPath(), $"siem-forwarder-tests-ports-{number}");
                return (number, new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // Another test process has it.
            }
        }

        throw new InvalidOperationException($"{Blocks} test processes already use ports from {First} on.");
    }
}
