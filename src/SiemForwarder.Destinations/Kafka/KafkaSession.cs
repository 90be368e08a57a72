using System.Text;
using Confluent.Kafka;
using SiemForwarder.Connections;
using SiemForwarder.Connections.Network;

namespace SiemForwarder.Destinations.Kafka;

/// <summary>A producer for one topic, on brokers that were reached and checked before.</summary>
internal sealed class KafkaSession : IAsyncDisposable
{
    private const int MaxCheckedBrokers = 50;

    private static readonly TimeSpan Linger = TimeSpan.FromMilliseconds(5);

    private readonly DestinationSettings settings;
    private readonly KafkaSettings own;
    private readonly IProducer<byte[]?, byte[]> producer;
    private readonly LastError lastError;

    private KafkaSession(DestinationSettings settings, KafkaSettings own, IProducer<byte[]?, byte[]> producer, LastError lastError)
    {
        this.settings = settings;
        this.own = own;
        this.producer = producer;
        this.lastError = lastError;
    }

    /// <summary>Reaches a broker, asks it for the topic, and checks that the brokers that lead its partitions may and can be reached.</summary>
    public static async Task<Result<KafkaSession>> OpenAsync(
        DestinationSettings settings, KafkaSettings own, StageLog? log, TimeProvider time, CancellationToken cancellationToken)
    {
        if (await ReachAsync(settings, [settings.Endpoint, .. own.Brokers], log, time, cancellationToken) is { } unreachable)
        {
            return unreachable;
        }

        var lastError = new LastError();
        KafkaSession session;
        try
        {
            session = new KafkaSession(settings, own, Build(settings, own, lastError), lastError);
        }
        catch (Exception exception) when (exception is InvalidOperationException or ArgumentException or KafkaException or DllNotFoundException
            or TypeInitializationException)
        {
            var unusable = KafkaFaults.Unusable(settings, exception);
            log?.Failed(TestStageName.Authentication, unusable);
            return unusable;
        }

        var complete = false;
        try
        {
            var fault = await session.CheckTopicAsync(time, cancellationToken);
            if (fault is not null)
            {
                log?.Failed(TestStageName.Authentication, fault);
                return fault;
            }

            log?.Passed(TestStageName.Authentication, settings.Authentication.Type == AuthenticationType.None
                ? $"the brokers know the topic '{own.Topic}'"
                : $"the brokers accepted '{settings.Authentication.Username}' ({own.Mechanism}) and know the topic '{own.Topic}'");
            complete = true;
            return session;
        }
        finally
        {
            if (!complete)
            {
                await session.DisposeAsync();
            }
        }
    }

    /// <summary>Produces a batch and waits until every record of it is settled.</summary>
    public async Task<SettledBatch> SendAsync(DeliveryBatch batch, CancellationToken cancellationToken)
    {
        var reports = new ProduceReports(batch.Count);
        for (var index = 0; index < batch.Count; index++)
        {
            var number = index;
            try
            {
                producer.Produce(own.Topic, Record(batch, index), report => reports.Settle(number, report.Error));
            }
            catch (ProduceException<byte[]?, byte[]> exception)
            {
                reports.Settle(number, exception.Error);
            }
        }

        // The library gives every record up after message.timeout.ms.
        await reports.Settled.WaitAsync(cancellationToken);
        var refused = new List<RejectedEvent>();
        var retry = new List<int>();
        Fault? fault = null;
        for (var index = 0; index < batch.Count; index++)
        {
            if (reports[index] is not { IsError: true } error)
            {
                continue;
            }

            var why = KafkaFaults.Of(settings, own, Telling(error));
            if (KafkaFaults.Refuses(error.Code))
            {
                refused.Add(new RejectedEvent(index, $"Integration '{settings.IntegrationName}': {why.What} {why.Advice}", settings.Quote(error.Reason)));
            }
            else
            {
                retry.Add(index);
            }

            // What keeps records from being taken says more about the batch than one that is refused.
            fault = fault is null || (fault.Category == ErrorCategory.Rejected && why.Category != ErrorCategory.Rejected) ? why : fault;
        }

        return new SettledBatch(refused, retry, fault);
    }

    // Without a flush: what is not confirmed is sent again, so waiting for it here would only delay that.
    public async ValueTask DisposeAsync() => await Task.Run(producer.Dispose, CancellationToken.None);

    // The first broker that can be reached, as other destinations reach theirs: the library tells too little about why it cannot.
    private static async Task<Fault?> ReachAsync(
        DestinationSettings settings, IReadOnlyList<Endpoint> brokers, StageLog? log, TimeProvider time, CancellationToken cancellationToken)
    {
        Fault? first = null;
        for (var index = 0; index < brokers.Count; index++)
        {
            var isLast = index == brokers.Count - 1;
            using var connector = new Connector(settings.Connection with { Endpoint = brokers[index] }, settings.ServerUrl.Scheme == "kafkas", null, time);
            // A test shows the stages of the broker that decides: the one that answers, or the last.
            var opened = await connector.OpenAsync(isLast ? log : null, cancellationToken);
            if (opened.TryGet(out var connection, out var fault))
            {
                await connection.DisposeAsync();
                if (!isLast && log is not null)
                {
                    log.Passed(TestStageName.Connect, $"connected to {brokers[index]}");
                }

                return null;
            }

            first ??= fault;
        }

        return first;
    }

    private static IProducer<byte[]?, byte[]> Build(DestinationSettings settings, KafkaSettings own, LastError lastError)
    {
        var secure = settings.ServerUrl.Scheme == "kafkas";
        var withPassword = settings.Authentication.Type == AuthenticationType.Basic;
        var timeout = (int)settings.Timeout.TotalMilliseconds;
        var configuration = new ProducerConfig
        {
            BootstrapServers = string.Join(',', new[] { settings.Endpoint }.Concat(own.Brokers)),
            ClientId = "siemforwarder",
            Acks = Acks.All,
            EnableIdempotence = true,
            AllowAutoCreateTopics = false,
            MessageTimeoutMs = timeout,
            RequestTimeoutMs = timeout,
            SocketTimeoutMs = Math.Max(timeout, 1000),
            SocketKeepaliveEnable = true,
            LingerMs = Linger.TotalMilliseconds,
            DeliveryReportFields = "none",
            CompressionType = Enum.Parse<CompressionType>(own.Compression, ignoreCase: true),
            LogConnectionClose = false,
            SecurityProtocol = (secure, withPassword) switch
            {
                (true, true) => SecurityProtocol.SaslSsl,
                (true, false) => SecurityProtocol.Ssl,
                (false, true) => SecurityProtocol.SaslPlaintext,
                _ => SecurityProtocol.Plaintext,
            },
        };
        if (withPassword)
        {
            configuration.SaslMechanism = own.Mechanism switch
            {
                "PLAIN" => SaslMechanism.Plain,
                "SCRAM-SHA-256" => SaslMechanism.ScramSha256,
                _ => SaslMechanism.ScramSha512,
            };
            configuration.SaslUsername = settings.Authentication.Username ?? "";
            configuration.SaslPassword = SecretText.Of(settings.Authentication.Password?.Reveal(), keepsBlanks: true)?.Reveal() ?? "";
        }

        if (secure)
        {
            configuration.SslCaPem = settings.Tls.CaCertificate;
            configuration.SslCertificatePem = settings.Tls.ClientCertificate;
            configuration.SslKeyPem = settings.Tls.ClientKey?.Reveal();
            configuration.SslEndpointIdentificationAlgorithm = SslEndpointIdentificationAlgorithm.Https;
        }

        return new ProducerBuilder<byte[]?, byte[]>(configuration)
            .SetErrorHandler((_, error) => lastError.Note(error))
            // What it would print is told by the outcome of the batch.
            .SetLogHandler((_, _) => { })
            .Build();
    }

    private async Task<Fault?> CheckTopicAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        using var admin = new DependentAdminClientBuilder(producer.Handle).Build();
        Metadata metadata;
        var begun = time.GetTimestamp();
        try
        {
            // The library waits by blocking a thread, and not longer than this.
            metadata = await Task.Run(() => admin.GetMetadata(own.Topic, settings.Timeout), cancellationToken).WaitAsync(cancellationToken);
        }
        catch (KafkaException exception)
        {
            // It calls silence a broken transport.
            var wasSilent = exception.Error.Code == ErrorCode.Local_Transport && time.GetElapsedTime(begun) >= settings.Timeout - Linger;
            return KafkaFaults.Of(settings, own, Telling(wasSilent ? new Error(ErrorCode.Local_TimedOut) : exception.Error));
        }

        var topic = metadata.Topics.Find(topic => topic.Topic == own.Topic);
        if (topic is null || topic.Error.IsError || topic.Partitions.Count == 0)
        {
            return KafkaFaults.Of(settings, own, topic?.Error is { IsError: true } error ? error : new Error(ErrorCode.UnknownTopicOrPart));
        }

        var leaders = topic.Partitions.Select(partition => partition.Leader).ToHashSet();
        var named = new HashSet<Endpoint>([settings.Endpoint, .. own.Brokers]);
        foreach (var broker in metadata.Brokers.Where(broker => leaders.Contains(broker.BrokerId)).Take(MaxCheckedBrokers))
        {
            var endpoint = new Endpoint(broker.Host, broker.Port);
            if (!named.Contains(endpoint) && await ReachAsync(settings, [endpoint], null, time, cancellationToken) is { } fault)
            {
                return KafkaFaults.Advertised(settings, endpoint, fault);
            }
        }

        return null;
    }

    private Message<byte[]?, byte[]> Record(DeliveryBatch batch, int index)
    {
        var securityEvent = batch.Events[index];
        return new Message<byte[]?, byte[]>
        {
            Key = own.KeyOf(securityEvent) is { } key ? Encoding.UTF8.GetBytes(key) : null,
            Value = batch[index].ToArray(),
            Timestamp = new Timestamp(Math.Max(0, securityEvent.OccurredAt.ToUnixTimeMilliseconds()), TimestampType.CreateTime),
            Headers = [new Header("event_id", Encoding.UTF8.GetBytes(securityEvent.Id))],
        };
    }

    // A record or a question that ran out of time says less than what the connection said meanwhile.
    private Error Telling(Error error) =>
        error.Code is ErrorCode.Local_MsgTimedOut or ErrorCode.Local_TimedOut or ErrorCode.Local_Transport or ErrorCode.Local_AllBrokersDown
            ? lastError.Telling ?? error
            : error;

    /// <summary>What the library said last about its connections, where it says more than that there are none.</summary>
    private sealed class LastError
    {
        private Error? telling;

        public Error? Telling => Volatile.Read(ref telling);

        public void Note(Error error)
        {
            if (error.IsFatal || error.Code is ErrorCode.Local_Authentication or ErrorCode.SaslAuthenticationFailed or ErrorCode.UnsupportedSaslMechanism
                or ErrorCode.Local_Ssl)
            {
                Volatile.Write(ref telling, error);
            }
        }
    }

    /// <summary>What became of the records of one batch.</summary>
    private sealed class ProduceReports(int count)
    {
        private readonly Error?[] errors = new Error?[count];
        private readonly TaskCompletionSource settled = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int open = count;

        public Task Settled => open == 0 ? Task.CompletedTask : settled.Task;

        public Error? this[int index] => errors[index];

        public void Settle(int index, Error error)
        {
            errors[index] = error;
            if (Interlocked.Decrement(ref open) == 0)
            {
                settled.TrySetResult();
            }
        }
    }
}
