using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using RabbitMQ.Client;
using SiemForwarder.Connections;
using SiemForwarder.Connections.Network;
using SiemForwarder.Events;

namespace SiemForwarder.Destinations.Amqp;

/// <summary>A connection to a broker with one channel in confirm mode.</summary>
internal sealed class AmqpSession : IAsyncDisposable
{
    private static readonly TimeSpan MaxClose = TimeSpan.FromSeconds(1);

    private readonly DestinationSettings settings;
    private readonly RabbitMqSettings own;
    private readonly TimeProvider time;
    private readonly Endpoint endpoint;
    private readonly ConnectedTcpClient network;
    private readonly IConnection connection;
    private readonly IChannel channel;
    private ConfirmLedger? ledger;
    private TimeBound? bound;
    private string? blocked;
    private ulong published;

    private AmqpSession(
        Endpoint endpoint, ConnectedTcpClient network, DestinationSettings settings, RabbitMqSettings own, TimeProvider time,
        IConnection connection, IChannel channel)
    {
        this.endpoint = endpoint;
        this.network = network;
        this.settings = settings;
        this.own = own;
        this.time = time;
        this.connection = connection;
        this.channel = channel;
        connection.ConnectionBlockedAsync += (_, arguments) => Note(() => blocked = arguments.Reason);
        connection.ConnectionUnblockedAsync += (_, _) => Note(() => blocked = null);
        channel.BasicAcksAsync += (_, arguments) => Note(() => ledger?.Settle(arguments.DeliveryTag, arguments.Multiple, taken: true));
        channel.BasicNacksAsync += (_, arguments) => Note(() => ledger?.Settle(arguments.DeliveryTag, arguments.Multiple, taken: false));
        channel.BasicReturnAsync += (_, arguments) => Note(() => ledger?.Return(arguments.BasicProperties.MessageId, arguments.ReplyText));
        channel.ChannelShutdownAsync += (_, _) => Note(() => ledger?.Close());
    }

    /// <summary>Product and version of the broker, as it reports them.</summary>
    public string Broker => OneLine.Of($"{Property("product")} {Property("version")}", 60);

    /// <summary>Starts AMQP on an open connection, which the session then owns.</summary>
    public static async Task<Result<AmqpSession>> OpenAsync(
        Connection network, DestinationSettings settings, RabbitMqSettings own, TimeProvider time, CancellationToken cancellationToken)
    {
        if (settings.Authentication.Type == AuthenticationType.None && !network.HasClientCertificate)
        {
            network.Abort();
            return new Fault(
                ErrorCategory.Authentication, "RabbitMQ requires credentials.",
                "Set authentication.type to basic with user name and password, or set a client certificate.", NeedsChange: true);
        }

        var client = new ConnectedTcpClient(network);
        using var bound = new TimeBound(settings.Timeout, time, cancellationToken);
        // The library would wait for a closing handshake from a broker that does not answer.
        await using var closing = bound.Token.Register(client.Close);
        IConnection? connection = null;
        var complete = false;
        try
        {
            connection = await Factory(network, client, settings).CreateConnectionAsync(bound.Token);
            var channel = await connection.CreateChannelAsync(
                new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: false), bound.Token);
            complete = true;
            return new AmqpSession(network.Endpoint, client, settings, own, time, connection, channel);
        }
        catch (Exception exception) when (AmqpFaults.Knows(exception))
        {
            ThrowIfCancelled(exception, cancellationToken);
            return AmqpFaults.Opening(network.Endpoint, exception, bound.IsOver, settings);
        }
        finally
        {
            if (!complete)
            {
                client.Close();
                await CloseAsync(connection);
            }
        }
    }

    /// <summary>Publishes a batch and waits until the broker has settled every message in it.</summary>
    public async Task<PublishResult> SendAsync(DeliveryBatch batch, CancellationToken cancellationToken)
    {
        var ids = MessageIds(batch);
        var current = new ConfirmLedger(published + 1, ids);
        using var limit = new TimeBound(settings.Timeout, time, cancellationToken);
        (ledger, bound) = (current, limit);
        Fault? fault = null;
        try
        {
            for (var index = 0; index < batch.Count && channel.IsOpen; index++)
            {
                published++;
                await channel.BasicPublishAsync(
                    own.Exchange, own.RoutingKey, mandatory: true, Properties(batch.Events[index], ids[index]), batch[index], limit.Token);
            }

            if (channel.IsOpen)
            {
                await current.Settled.WaitAsync(limit.Token);
            }
        }
        catch (Exception exception) when (AmqpFaults.Knows(exception))
        {
            ThrowIfCancelled(exception, cancellationToken);
            fault = channel.CloseReason is null && limit.IsOver
                ? AmqpFaults.Unconfirmed(endpoint, settings.Timeout, Volatile.Read(ref blocked))
                : AmqpFaults.Closed(endpoint, channel.CloseReason, exception, settings);
        }
        finally
        {
            (ledger, bound) = (null, null);
        }

        var missing = current.Missing;
        if (fault is null && missing.Count > 0)
        {
            fault = !channel.IsOpen ? AmqpFaults.Closed(endpoint, channel.CloseReason, null, settings)
                : current.ReturnText is { } text ? AmqpFaults.Returned(own, text)
                : AmqpFaults.Refused(endpoint);
        }

        return new PublishResult(
            batch.Count - missing.Count, missing, fault, channel.IsOpen && current.Settled.IsCompleted, AmqpFaults.IsTooLarge(channel.CloseReason));
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync(connection);
        network.Close();
    }

    // The library may notice its closed socket before it notices the cancellation that closed it.
    private static void ThrowIfCancelled(Exception exception, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException("Sending to the broker was cancelled.", exception, cancellationToken);
        }
    }

    private static async Task CloseAsync(IConnection? connection)
    {
        if (connection is not null)
        {
            await connection.CloseAsync(Constants.ReplySuccess, "Goodbye", MaxClose, abort: true, CancellationToken.None);
            await connection.DisposeAsync();
        }
    }

    private static ConnectionFactory Factory(Connection network, ConnectedTcpClient client, DestinationSettings settings)
    {
        var remote = (IPEndPoint)network.Socket.RemoteEndPoint!;
        var factory = new ConnectionFactory
        {
            Endpoint = new AmqpTcpEndpoint(remote.Address.ToString(), remote.Port),
            SocketFactory = _ => client,
            VirtualHost = RabbitMqSettings.VirtualHost(settings.ServerUrl),
            UserName = settings.Authentication.Username ?? "",
            Password = SecretText.Of(settings.Authentication.Password?.Reveal(), keepsBlanks: true)?.Reveal() ?? "",
            ClientProvidedName = OneLine.Of($"SiemForwarder: {settings.IntegrationName}", 120),
            AutomaticRecoveryEnabled = false,
            TopologyRecoveryEnabled = false,
            RequestedConnectionTimeout = settings.Timeout,
            HandshakeContinuationTimeout = settings.Timeout,
            ContinuationTimeout = settings.Timeout,
        };
        if (settings.Authentication.Type == AuthenticationType.None)
        {
            factory.AuthMechanisms = [new ExternalMechanismFactory()];
        }

        return factory;
    }

    private BasicProperties Properties(SecurityEvent securityEvent, string id) => new()
    {
        MessageId = id,
        DeliveryMode = DeliveryModes.Persistent,
        ContentType = settings.Http.ContentType,
        ContentEncoding = "utf-8",
        Timestamp = new AmqpTimestamp(securityEvent.OccurredAt.ToUnixTimeSeconds()),
        AppId = "siemforwarder",
    };

    // Ids from external sources can be longer than AMQP's short strings of 255 bytes.
    private static string[] MessageIds(DeliveryBatch batch)
    {
        var ids = new string[batch.Count];
        for (var index = 0; index < ids.Length; index++)
        {
            var id = batch.Events[index].Id;
            ids[index] = Encoding.UTF8.GetByteCount(id) <= byte.MaxValue
                ? id
                : $"sha256:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(id)))}";
        }

        return ids;
    }

    private string Property(string name) =>
        connection.ServerProperties?.TryGetValue(name, out var value) == true && value is byte[] text ? Encoding.UTF8.GetString(text) : "";

    private Task Note(Action action)
    {
        action();
        bound?.Extend(settings.Timeout);
        return Task.CompletedTask;
    }
}

/// <summary>The result of publishing a batch: which messages the broker accepted, and why not the others.</summary>
/// <param name="Confirmed">Number of confirmed messages.</param>
/// <param name="Missing">Indexes of messages that were not accepted, ascending.</param>
/// <param name="Fault">Why they were not; null if all were accepted.</param>
/// <param name="SessionUsable">Whether the connection can be reused.</param>
/// <param name="TooLarge">Whether a message was refused because of its size.</param>
internal sealed record PublishResult(int Confirmed, IReadOnlyList<int> Missing, Fault? Fault, bool SessionUsable, bool TooLarge = false)
{
    public static PublishResult Nothing(Fault fault, int count) => new(0, [.. Enumerable.Range(0, count)], fault, SessionUsable: false);

    public DeliveryOutcome ToOutcome(string integrationName, int count)
    {
        if (Fault is null)
        {
            return new DeliveryOutcome.Delivered($"{CountText.Of(count, "message")} confirmed");
        }

        return Confirmed > 0 ? new DeliveryOutcome.Partial([], Missing, $"{Confirmed} of {CountText.Of(count, "message")} confirmed; {Fault.What}")
            : TooLarge ? new DeliveryOutcome.Rejected($"Integration '{integrationName}': {Fault.What} {Fault.Advice}", Fault.What)
            : Fault.ToOutcome(integrationName);
    }
}

/// <summary>Gives the AMQP library a connection that was resolved, checked, opened and secured like all others.</summary>
internal sealed class ConnectedTcpClient(Connection connection) : ITcpClient
{
    private int closed;

    public bool Connected => connection.Socket.Connected;

    public TimeSpan ReceiveTimeout { get; set; }

    public Socket Client => connection.Socket;

    public Task ConnectAsync(IPAddress host, int port, CancellationToken cancellationToken = default) => Task.CompletedTask;

    public NetworkStream GetStream() => connection.Stream as NetworkStream ?? new SecuredStream(connection);

    /// <summary>Closes immediately, without sending what is still pending.</summary>
    public void Close()
    {
        if (Interlocked.Exchange(ref closed, 1) == 0)
        {
            connection.Abort();
        }
    }

    public void Dispose() => Close();

    /// <summary>The library requires a NetworkStream; this one passes everything through TLS.</summary>
    private sealed class SecuredStream(Connection connection) : NetworkStream(connection.Socket, ownsSocket: false)
    {
        public override int Read(byte[] buffer, int offset, int count) => connection.Stream.Read(buffer, offset, count);

        public override int Read(Span<byte> buffer) => connection.Stream.Read(buffer);

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            connection.Stream.ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            connection.Stream.ReadAsync(buffer, cancellationToken);

        public override void Write(byte[] buffer, int offset, int count) => connection.Stream.Write(buffer, offset, count);

        public override void Write(ReadOnlySpan<byte> buffer) => connection.Stream.Write(buffer);

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            connection.Stream.WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            connection.Stream.WriteAsync(buffer, cancellationToken);

        public override void Flush() => connection.Stream.Flush();

        public override Task FlushAsync(CancellationToken cancellationToken) => connection.Stream.FlushAsync(cancellationToken);
    }
}
