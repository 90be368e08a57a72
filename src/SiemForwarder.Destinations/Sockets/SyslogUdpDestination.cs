using System.Net;
using System.Net.Sockets;
using SiemForwarder.Connections;
using SiemForwarder.Connections.Network;

namespace SiemForwarder.Destinations.Sockets;

/// <summary>Syslog over UDP, one message per datagram (RFC 5426): handed over, never confirmed.</summary>
internal sealed class SyslogUdpDestination(DestinationSettings settings, TimeProvider time) : IDestination
{
    /// <summary>Maximum payload of an IPv4 datagram, in bytes.</summary>
    private const int MaxDatagramBytes = 65_507;

    private static readonly TimeSpan AddressAge = TimeSpan.FromMinutes(5);

    private readonly Endpoint endpoint = settings.Endpoint;
    private Socket? socket;
    private long openedAt;

    public BatchLimits Limits { get; } = new(MaxEvents: 200, MaxBytes: 1024 * 1024);

    public async Task<DeliveryOutcome> SendAsync(DeliveryBatch batch, CancellationToken cancellationToken)
    {
        if (socket is not null && time.GetElapsedTime(openedAt) > AddressAge)
        {
            // UDP never fails visibly, so a receiver that moved would never be noticed.
            Forget();
        }

        if (socket is null)
        {
            var opened = await OpenAsync(endpoint, settings.Egress, settings.Timeout, time, null, cancellationToken);
            if (!opened.TryGet(out socket, out var fault))
            {
                return fault.ToOutcome(settings.IntegrationName);
            }

            openedAt = time.GetTimestamp();
        }

        List<RejectedEvent>? refused = null;
        try
        {
            for (var index = 0; index < batch.Count; index++)
            {
                var message = batch[index];
                if (await SendDatagramAsync(socket, message, cancellationToken) == SocketError.MessageSize)
                {
                    (refused ??= []).Add(new RejectedEvent(index, TooLarge(message.Length), "not sent"));
                }
            }
        }
        catch (SocketException exception)
        {
            Forget();
            return Undeliverable(endpoint, exception).ToOutcome(settings.IntegrationName);
        }

        return refused switch
        {
            null => new DeliveryOutcome.Delivered("handed to the network, unconfirmed"),
            _ when batch.Count == 1 => new DeliveryOutcome.Rejected(refused[0].Reason, refused[0].Answer),
            _ => new DeliveryOutcome.Partial(refused, [], "handed to the network, unconfirmed"),
        };
    }

    public Task<WireImage?> RenderAsync(DeliveryBatch batch, CancellationToken cancellationToken) => Task.FromResult<WireImage?>(
        new WireImage([.. Enumerable.Range(0, batch.Count).Select(index => WireUnit.Of(WireUnitKind.Datagram, batch[index]))]));

    public Task<TestReport> TestAsync(DeliveryBatch batch, CancellationToken cancellationToken) =>
        SyslogTest.OverUdpAsync(endpoint, settings, time, batch, cancellationToken);

    public ValueTask DisposeAsync()
    {
        Forget();
        return ValueTask.CompletedTask;
    }

    /// <summary>A socket connected to the receiver, so that the kernel reports if nothing is listening there.</summary>
    internal static async Task<Result<Socket>> OpenAsync(
        Endpoint endpoint, EgressPolicy egress, TimeSpan timeout, TimeProvider time, StageLog? log, CancellationToken cancellationToken)
    {
        var resolved = await NameResolver.ResolveAsync(endpoint, egress, timeout, time, cancellationToken);
        if (!resolved.TryGet(out var addresses, out var fault))
        {
            log?.Failed(TestStageName.Resolve, fault);
            return fault;
        }

        log?.Passed(TestStageName.Resolve, $"{endpoint.Host} resolves to {string.Join(", ", addresses.Select(address => address.ToString()))}");
        var datagrams = new Socket(addresses[0].AddressFamily, SocketType.Dgram, ProtocolType.Udp) { SendBufferSize = 1024 * 1024 };
        try
        {
            await datagrams.ConnectAsync(new IPEndPoint(addresses[0], endpoint.Port), cancellationToken);
            return datagrams;
        }
        catch (SocketException exception)
        {
            datagrams.Dispose();
            fault = SocketFaults.Connecting(endpoint, exception);
            log?.Failed(TestStageName.Connect, fault);
            return fault;
        }
    }

    internal static Fault Undeliverable(Endpoint endpoint, SocketException exception) =>
        exception.SocketErrorCode is SocketError.ConnectionRefused or SocketError.ConnectionReset
            ? new Fault(
                ErrorCategory.Connection, $"nothing is listening on UDP port {endpoint.Port} of {endpoint.Host}.",
                "Check that the receiver is running and accepts UDP on this port.")
            : SocketFaults.Connecting(endpoint, exception);

    /// <summary>Success, or MessageSize if no datagram can hold the message; anything else is thrown.</summary>
    internal static async ValueTask<SocketError> SendDatagramAsync(Socket socket, ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        if (message.Length > MaxDatagramBytes)
        {
            return SocketError.MessageSize;
        }

        try
        {
            await socket.SendAsync(message, cancellationToken);
            return SocketError.Success;
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.MessageSize)
        {
            return SocketError.MessageSize;
        }
    }

    private string TooLarge(int bytes) =>
        $"Integration '{settings.IntegrationName}': an event of {bytes} bytes does not fit into a UDP datagram (at most {MaxDatagramBytes}). "
        + "Use tcp:// or tls://, or lower the message size.";

    private void Forget()
    {
        socket?.Dispose();
        socket = null;
    }
}
