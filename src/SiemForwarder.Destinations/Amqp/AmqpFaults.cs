using System.Net.Sockets;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using RabbitMQ.Client.Exceptions;
using SiemForwarder.Connections;
using SiemForwarder.Connections.Network;

namespace SiemForwarder.Destinations.Amqp;

/// <summary>The one place that turns what a broker or the AMQP library says into a fault.</summary>
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

    /// <summary>Whether an exception is an end that a broker or the network can cause.</summary>
    public static bool Knows(Exception exception) => exception is RabbitMQClientException or IOException or SocketException
        or ObjectDisposedException or TimeoutException or OperationCanceledException or InvalidOperationException;

    public static Fault Opening(Endpoint endpoint, Exception exception, bool timedOut, DestinationSettings settings)
    {
        var all = Flatten(exception).ToList();
        if (all.Any(one => one is AuthenticationFailureException or PossibleAuthenticationFailureException))
        {
            return new Fault(
                ErrorCategory.Authentication, $"{endpoint} did not accept the credentials.",
                "Check user name and password, that the user may use this virtual host, and that RabbitMQ lets it in from here ('guest' may only come "
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
                "Use the AMQP port of RabbitMQ: 5672, with TLS 5671; not the one of its management page.", NeedsChange: true);
        }

        if (timedOut || all.Exists(one => one is TimeoutException or OperationCanceledException))
        {
            return new Fault(
                ErrorCategory.Timeout, $"{endpoint} did not answer the AMQP handshake within {settings.Timeout.TotalSeconds:0.##} s.",
                "Check that this is the AMQP port of RabbitMQ (5672, with TLS 5671) and that the broker is not overloaded.");
        }

        return SocketFaults.Broken(endpoint, all.Find(one => one is SocketException) ?? exception);
    }

    /// <summary>Why the broker, or the network, ended the channel.</summary>
    public static Fault Closed(Endpoint endpoint, ShutdownEventArgs? reason, Exception? exception, DestinationSettings settings)
    {
        var text = Masked(reason?.ReplyText ?? "", settings);
        return reason?.ReplyCode switch
        {
            AccessRefused => new Fault(
                ErrorCategory.Authorization, $"{endpoint} refused access: {text}.",
                "Give the user the right to write to the exchange (rabbitmqctl set_permissions).", NeedsChange: true),
            NotFound => new Fault(
                ErrorCategory.Configuration, $"{endpoint} does not know what was named: {text}.",
                "Create the exchange in this virtual host, or correct settings.exchange.", NeedsChange: true),
            NotAllowed => new Fault(
                ErrorCategory.Configuration, $"{endpoint} does not allow it: {text}.",
                "Check the virtual host in the server URL and that the user may use it.", NeedsChange: true),
            PreconditionFailed => new Fault(
                ErrorCategory.Rejected, $"{endpoint} refused a message: {text}.",
                "Where it is the size, raise max_message_size at the broker or lower syslog.maxMessageBytes."),
            ConnectionForced => new Fault(
                ErrorCategory.Connection, $"{endpoint} closed the connection: {text}.", "The broker stops or its operator closed it; the batch is sent again."),
            _ => SocketFaults.Broken(
                endpoint, Flatten(exception ?? reason?.Exception).FirstOrDefault(one => one is SocketException) ?? exception ?? new IOException()),
        };
    }

    public static bool IsTooLarge(ShutdownEventArgs? reason) => reason?.ReplyCode == PreconditionFailed;

    public static Fault Unconfirmed(Endpoint endpoint, TimeSpan limit, string? blocked) => new(
        ErrorCategory.Timeout,
        blocked is null ? $"{endpoint} confirmed nothing for {limit.TotalSeconds:0.##} s." : $"{endpoint} blocks publishers: {OneLine.Of(blocked, 160)}.",
        "Look at the alarms of the broker: it takes nothing while memory or disk are short. What is not confirmed is sent again.");

    public static Fault Returned(RabbitMqSettings own, string text) => new(
        ErrorCategory.Configuration,
        $"no queue takes what is published to the exchange '{OneLine.Of(own.Exchange, 80)}' with the routing key '{OneLine.Of(own.RoutingKey, 80)}' "
            + $"({OneLine.Of(text, 60)}).",
        "Bind a queue to it, or correct settings.exchange and settings.routingKey.", NeedsChange: true);

    public static Fault Refused(Endpoint endpoint) => new(
        ErrorCategory.ServerError, $"{endpoint} refused messages (basic.nack).",
        "A queue may be full and reject what is published, or have no leader; the batch is sent again.");

    private static string Masked(string text, DestinationSettings settings)
    {
        var password = settings.Authentication.Password?.Reveal();
        return OneLine.Of(string.IsNullOrEmpty(password) ? text : text.Replace(password, "***", StringComparison.Ordinal), 200).TrimEnd('.');
    }

    private static IEnumerable<Exception> Flatten(Exception? exception) => exception switch
    {
        null => [],
        AggregateException several => several.Flatten().InnerExceptions.SelectMany(Flatten),
        _ => [exception, .. Flatten(exception.InnerException)],
    };
}
