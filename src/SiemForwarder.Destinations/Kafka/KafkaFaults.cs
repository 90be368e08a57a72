using Confluent.Kafka;
using SiemForwarder.Connections;

namespace SiemForwarder.Destinations.Kafka;

/// <summary>Converts what brokers and the Kafka library report into a fault.</summary>
/// <remarks>Error codes: https://kafka.apache.org/protocol#protocol_error_codes; negative ones are librdkafka's own.</remarks>
internal static class KafkaFaults
{
    /// <summary>Whether the same record will always be refused.</summary>
    public static bool Refuses(ErrorCode code) => code is ErrorCode.MsgSizeTooLarge or ErrorCode.RecordListTooLarge or ErrorCode.InvalidMsg
        or ErrorCode.InvalidRecord or ErrorCode.InvalidMsgSize or ErrorCode.InvalidTimestamp;

    public static Fault Of(DestinationSettings settings, KafkaSettings own, Error error)
    {
        var (brokers, text) = (settings.Endpoint.ToString(), settings.Quote(error.Reason));
        return error.Code switch
        {
            ErrorCode.Local_Authentication or ErrorCode.SaslAuthenticationFailed => new Fault(
                ErrorCategory.Authentication, $"The brokers at {brokers} did not accept the credentials: {text}.",
                "Check user name, password and settings.mechanism; a listener without SASL wants authentication.type none.", NeedsChange: true),
            ErrorCode.UnsupportedSaslMechanism => new Fault(
                ErrorCategory.Authentication, $"The brokers at {brokers} do not offer {own.Mechanism}: {text}.",
                "Set settings.mechanism to one that they offer.", NeedsChange: true),
            ErrorCode.TopicAuthorizationFailed or ErrorCode.ClusterAuthorizationFailed or ErrorCode.TransactionalIdAuthorizationFailed => new Fault(
                ErrorCategory.Authorization, $"The brokers at {brokers} do not let the forwarder write to the topic '{own.Topic}': {text}.",
                "Allow Write and Describe on the topic, and IdempotentWrite on the cluster for brokers before 2.8.", NeedsChange: true),
            ErrorCode.UnknownTopicOrPart or ErrorCode.Local_UnknownTopic or ErrorCode.Local_UnknownPartition => new Fault(
                ErrorCategory.Configuration, $"The brokers at {brokers} do not know the topic '{own.Topic}'.",
                "Create the topic, or correct settings.topic.", NeedsChange: true),
            ErrorCode.TopicException => new Fault(
                ErrorCategory.Configuration, $"The brokers at {brokers} do not take '{own.Topic}' as a topic: {text}.",
                "Correct settings.topic.", NeedsChange: true),
            ErrorCode.Local_Ssl => new Fault(
                ErrorCategory.Tls, $"TLS with the brokers at {brokers} failed: {text}.",
                "Check tls.caCertificate (it must hold the root) and the client certificate.", NeedsChange: true),
            ErrorCode.Local_MsgTimedOut or ErrorCode.Local_TimedOut or ErrorCode.RequestTimedOut or ErrorCode.Local_TimedOutQueue => new Fault(
                ErrorCategory.Timeout, $"The brokers at {brokers} did not confirm within {settings.Timeout.TotalSeconds:0.##} s.",
                "Check that this is a listener of Kafka, and that the brokers are not overloaded; what is not confirmed is sent again."),
            ErrorCode.Local_Transport or ErrorCode.Local_AllBrokersDown or ErrorCode.Local_Resolve or ErrorCode.NetworkException
                or ErrorCode.BrokerNotAvailable => new Fault(
                ErrorCategory.Connection, $"The connection to the brokers at {brokers} broke: {text}.",
                "Check that the brokers run and that this is a listener of Kafka."),
            ErrorCode.MsgSizeTooLarge or ErrorCode.RecordListTooLarge or ErrorCode.InvalidMsgSize => new Fault(
                ErrorCategory.Rejected, $"The topic '{own.Topic}' does not take a record that large: {text}.",
                "Raise max.message.bytes of the topic, or lower syslog.maxMessageBytes."),
            ErrorCode.NotEnoughReplicas or ErrorCode.NotEnoughReplicasAfterAppend => new Fault(
                ErrorCategory.ServerError, $"The topic '{own.Topic}' has too few replicas in sync: {text}.",
                "Bring its brokers back; the batch is sent again."),
            ErrorCode.ThrottlingQuotaExceeded => new Fault(
                ErrorCategory.RateLimited, $"The brokers at {brokers} throttle: {text}.", "Raise the quota of the user."),
            _ => new Fault(ErrorCategory.ServerError, $"The brokers at {brokers} answered: {text}.", "Look at their log; the batch is sent again."),
        };
    }

    /// <summary>A broker that leads a partition cannot be used under the address by which the cluster names it.</summary>
    public static Fault Advertised(DestinationSettings settings, Endpoint endpoint, Fault fault) => new(
        fault.Category, $"The brokers at {settings.Endpoint} name one of them {endpoint}, and: {fault.What}",
        $"Correct advertised.listeners of that broker, or make the address usable from here. {fault.Advice}", fault.NeedsChange);

    /// <summary>The library refuses the settings, or is missing on this platform.</summary>
    public static Fault Unusable(DestinationSettings settings, Exception exception) => new(
        ErrorCategory.Configuration, $"The Kafka library does not take the settings for {settings.Endpoint}: {settings.Quote(exception.Message)}.",
        "Check tls.caCertificate, tls.clientCertificate and tls.clientKey (PEM); on a platform without librdkafka, use another engine.", NeedsChange: true);
}
