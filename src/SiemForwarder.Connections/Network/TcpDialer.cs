using System.Net;
using System.Net.Sockets;

namespace SiemForwarder.Connections.Network;

/// <summary>Connects to the first of several addresses that answers.</summary>
public static class TcpDialer
{
    private const int KeepAliveTimeSeconds = 30;
    private const int KeepAliveIntervalSeconds = 10;
    private const int KeepAliveProbes = 3;

    // TCP_USER_TIMEOUT on Linux, RFC 5482: milliseconds that sent data may stay unacknowledged before the connection is closed.
    private const int TcpLevel = 6;
    private const int TcpUserTimeout = 18;

    public static async Task<Result<Socket>> ConnectAsync(
        Endpoint endpoint, IPAddress[] addresses, TimeSpan timeout, TimeProvider time, CancellationToken cancellationToken)
    {
        Fault? fault = null;
        foreach (var address in addresses)
        {
            using var bound = new TimeBound(timeout / addresses.Length, time, cancellationToken);
            var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                Prepare(socket, timeout);
                await socket.ConnectAsync(new IPEndPoint(address, endpoint.Port), bound.Token);
                return socket;
            }
            catch (SocketException exception)
            {
                fault = SocketFaults.Connecting(endpoint, exception);
            }
            catch (OperationCanceledException) when (bound.IsOver)
            {
                fault = SocketFaults.ConnectTimeout(endpoint, timeout);
            }
            finally
            {
                if (!socket.Connected)
                {
                    socket.Dispose();
                }
            }
        }

        return fault ?? throw new ArgumentException("There is no address to connect to.", nameof(addresses));
    }

    private static void Prepare(Socket socket, TimeSpan timeout)
    {
        socket.NoDelay = true;
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, KeepAliveTimeSeconds);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, KeepAliveIntervalSeconds);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, KeepAliveProbes);
        if (OperatingSystem.IsLinux())
        {
            var milliseconds = (int)Math.Min(timeout.TotalMilliseconds, int.MaxValue);
            socket.SetRawSocketOption(TcpLevel, TcpUserTimeout, BitConverter.GetBytes(milliseconds));
        }
    }
}
