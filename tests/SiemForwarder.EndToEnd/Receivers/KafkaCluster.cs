using System.Runtime.InteropServices;
using Confluent.Kafka;

namespace SiemForwarder.EndToEnd.Receivers;

/// <summary>Three brokers of librdkafka's mock cluster.</summary>
/// <remarks>https://github.com/confluentinc/librdkafka/blob/master/src/rdkafka_mock.h.</remarks>
public sealed partial class KafkaCluster : IDisposable
{
    private const int Brokers = 3;
    private const string Program = "librdkafka";

    private static nint found;

    private readonly nint client;
    private readonly nint cluster;
    private readonly string bootstrap;

    // The package has several builds for Linux; the managed client also takes the first that loads.
    static KafkaCluster() => NativeLibrary.SetDllImportResolver(typeof(KafkaCluster).Assembly, (name, assembly, path) =>
        name == Program && new[] { Program, $"centos8-{Program}", $"alpine-{Program}" }.Any(build => NativeLibrary.TryLoad(build, assembly, path, out found)) ? found : 0);

    public KafkaCluster()
    {
        var error = new byte[512];
        client = New(0, NewConfiguration(), error, error.Length);
        Assert.NotEqual(0, client);
        cluster = NewCluster(client, Brokers);
        Assert.NotEqual(0, cluster);
        bootstrap = Marshal.PtrToStringUTF8(Bootstraps(cluster))!;
        Ports = [.. bootstrap.Split(',').Select(broker => int.Parse(broker.Split(':')[^1], System.Globalization.CultureInfo.InvariantCulture))];
    }

    public IReadOnlyList<int> Ports { get; }

    public string CreateTopic(int partitions)
    {
        var topic = $"events-{Guid.NewGuid():N}";
        Assert.Equal(0, CreateTopic(cluster, topic, partitions, 1));
        return topic;
    }

    /// <summary>The topic answers with an error from now on.</summary>
    public void BreakTopic(string topic, ErrorCode code) => SetTopicError(cluster, topic, (int)code);

    /// <summary>The next requests of a kind are answered with these errors, one each.</summary>
    public void FailNext(short request, params ErrorCode[] codes) => PushErrors(cluster, request, (nuint)codes.Length, [.. codes.Select(code => (int)code)]);

    public void FailNothing(short request) => ClearErrors(cluster, request);

    /// <summary>The first records of a topic, waiting until there are that many, and failing if one more comes.</summary>
    public IReadOnlyList<ConsumeResult<byte[]?, byte[]>> ReadAll(string topic, int count)
    {
        using var consumer = new ConsumerBuilder<byte[]?, byte[]>(new ConsumerConfig
        {
            BootstrapServers = bootstrap, GroupId = "test", EnableAutoCommit = false, AutoOffsetReset = AutoOffsetReset.Earliest, EnablePartitionEof = true,
        }).SetLogHandler((_, _) => { }).Build();
        using var admin = new DependentAdminClientBuilder(consumer.Handle).Build();
        var partitions = admin.GetMetadata(topic, TimeSpan.FromSeconds(30)).Topics.Single().Partitions.Count;
        consumer.Assign(Enumerable.Range(0, partitions).Select(partition => new TopicPartitionOffset(topic, partition, Offset.Beginning)));
        var records = new List<ConsumeResult<byte[]?, byte[]>>();
        var ends = new HashSet<Partition>();
        while (ends.Count < partitions)
        {
            var next = consumer.Consume(TimeSpan.FromSeconds(30));
            Assert.True(next is not null, $"only {records.Count} of {count} records came");
            if (next.IsPartitionEOF)
            {
                ends.Add(next.Partition);
            }
            else
            {
                records.Add(next);
            }
        }

        Assert.Equal(count, records.Count);
        return records;
    }

    public void Dispose()
    {
        DestroyCluster(cluster);
        Destroy(client);
    }

    [LibraryImport(Program, EntryPoint = "rd_kafka_conf_new")]
    private static partial nint NewConfiguration();

    [LibraryImport(Program, EntryPoint = "rd_kafka_new")]
    private static partial nint New(int type, nint configuration, [Out] byte[] error, nint size);

    [LibraryImport(Program, EntryPoint = "rd_kafka_destroy")]
    private static partial void Destroy(nint client);

    [LibraryImport(Program, EntryPoint = "rd_kafka_mock_cluster_new")]
    private static partial nint NewCluster(nint client, int brokers);

    [LibraryImport(Program, EntryPoint = "rd_kafka_mock_cluster_destroy")]
    private static partial void DestroyCluster(nint cluster);

    [LibraryImport(Program, EntryPoint = "rd_kafka_mock_cluster_bootstraps")]
    private static partial nint Bootstraps(nint cluster);

    [LibraryImport(Program, EntryPoint = "rd_kafka_mock_topic_create", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int CreateTopic(nint cluster, string topic, int partitions, int replication);

    [LibraryImport(Program, EntryPoint = "rd_kafka_mock_topic_set_error", StringMarshalling = StringMarshalling.Utf8)]
    private static partial void SetTopicError(nint cluster, string topic, int error);

    [LibraryImport(Program, EntryPoint = "rd_kafka_mock_push_request_errors_array")]
    private static partial void PushErrors(nint cluster, short request, nuint count, int[] errors);

    [LibraryImport(Program, EntryPoint = "rd_kafka_mock_clear_request_errors")]
    private static partial void ClearErrors(nint cluster, short request);
}
