using System.Net.Sockets;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using RabbitMQ.Client.Exceptions;
using SiemForwarder.Connections;
using SiemForwarder.Connections.Network;

namespace SiemForwarder.Destinations.Amqp;

/// <summary>Converts what a broker or the AMQP library reports into a fault.</summary>
/// <remarks>Reply codes: AMQP 0-9-1 section 1.2 and https://www.rabbitmq.com/amqp-0-9-1-reference.</remarks>
internal static class AmqpFaults
{
    private const int ConnectionForced = 320;
    private const int AccessRefused = 403;
    private const int NotFound = 404;
    private const int PreconditionFailed = 406;
    private const int FrameError = 501;
    private const int UnexpectedFrame = 505;
    private const int NotAllowed = 530;

    /// <summary>Whether an exception is one that a broker or the network can cause.</summary>
    public static bool Knows(Exception exception) => exception is RabbitMQClientException or IOException or SocketException
        or ObjectDisposedException or TimeoutException or OperationCanceledException or InvalidOperationException;

    public static Fault Opening(Endpoint endpoint, Exception exception, bool timedOut, DestinationSettings settings)
    {
        var all = Flatten(exception).ToList();
        if (all.Any(one => one is AuthenticationFailureException or PossibleAuthenticationFailureException))
        {
            return new Fault(
                ErrorCategory.Authentication, $"{endpoint} did not accept the credentials.",
                "Check user name and password, that the user has access to this virtual host, and that RabbitMQ accepts it from here ('guest' may only connect "
                    + "from the broker's own machine).",
                NeedsChange: true);
        }

        var reason = all.OfType<OperationInterruptedException>().FirstOrDefault()?.ShutdownReason;
        all.AddRange(Flatten(reason?.Exception));
        if (reason is { ReplyCode: > 0, Initiator: ShutdownInitiator.Peer })
        {
            return Closed(endpoint, reason, null, settings);
        }

        if (all.Exists(one => one is MalformedFrameException or ProtocolException or PacketNotRecognizedException or ProtocolVersionMismatchException)
            || reason?.ReplyCode is FrameError or UnexpectedFrame)
        {
            return new Fault(
                ErrorCategory.Configuration, $"{endpoint} does not speak AMQP 0-9-1.",
                "Use the AMQP port of RabbitMQ: 5672, or 5671 with TLS; not its management port.", NeedsChange: true);
        }

        if (timedOut || all.Exists(one => one is TimeoutException or OperationCanceledException))
        {
            return new Fault(
                ErrorCategory.Timeout, $"{endpoint} did not answer the AMQP handshake within {settings.Timeout.TotalSeconds:0.##} s.",
                "Check that this is the AMQP port of RabbitMQ (5672, or 5671 with TLS) and that the broker is not overloaded.");
        }

        return SocketFaults.Broken(endpoint, all.Find(one => one is SocketException) ?? exception);
    }

    /// <summary>Why the broker or the network closed the channel.</summary>
    public static Fault Closed(Endpoint endpoint, ShutdownEventArgs? reason, Exception? exception, DestinationSettings settings)
    {
        var text = settings.Quote(reason?.ReplyText ?? "");
        return reason?.ReplyCode switch
        {
            AccessRefused => new Fault(
                ErrorCategory.Authorization, $"{endpoint} refused access: {text}.",
                "Grant the user write permission on the exchange (rabbitmqctl set_permissions).", NeedsChange: true),
            NotFound => new Fault(
                ErrorCategory.Configuration, $"{endpoint} did not find it: {text}.",
                "Create the exchange in this virtual host, or correct settings.exchange.", NeedsChange: true),
            NotAllowed => new Fault(
                ErrorCategory.Configuration, $"{endpoint} does not allow it: {text}.",
                "Check the virtual host in the server URL and that the user has access to it.", NeedsChange: true),
            PreconditionFailed => new Fault(
                ErrorCategory.Rejected, $"{endpoint} rejected a message: {text}.",
                "If it is too large, raise max_message_size at the broker or lower syslog.maxMessageBytes."),
            ConnectionForced => new Fault(
                ErrorCategory.Connection, $"{endpoint} closed the connection: {text}.",
                "The broker is stopping, or its operator closed the connection; the batch is sent again."),
            _ => SocketFaults.Broken(
                endpoint, Flatten(exception ?? reason?.Exception).FirstOrDefault(one => one is SocketException) ?? exception ?? new IOException()),
        };
    }

    public static bool IsTooLarge(ShutdownEventArgs? reason) => reason?.ReplyCode == PreconditionFailed;

    public static Fault Unconfirmed(Endpoint endpoint, TimeSpan limit, string? blocked) => new(
        ErrorCategory.Timeout,
        blocked is null ? $"{endpoint} confirmed nothing for {limit.TotalSeconds:0.##} s." : $"{endpoint} is blocking publishers: {OneLine.Of(blocked, 160)}.",
        "Check the broker's alarms: it accepts nothing while memory or disk space is low. Unconfirmed messages are sent again.");

    public static Fault Returned(RabbitMqSettings own, string text) => new(
        ErrorCategory.Configuration,
        $"no queue receives what is published to the exchange '{OneLine.Of(own.Exchange, 80)}' with the routing key '{OneLine.Of(own.RoutingKey, 80)}' "
            + $"({OneLine.Of(text, 60)}).",
        "Bind a queue to the exchange, or correct settings.exchange and settings.routingKey.", NeedsChange: true);

    public static Fault Refused(Endpoint endpoint) => new(
        ErrorCategory.ServerError, $"{endpoint} rejected messages (basic.nack).",
        "A queue may be full and rejecting messages, or have no leader; the batch is sent again.");

    private static IEnumerable<Exception> Flatten(Exception? exception) => exception switch
    {
        null => [],
        AggregateException several => several.Flatten().InnerExceptions.SelectMany(Flatten),
        _ => [exception, .. Flatten(exception.InnerException)],
    };
}
