using System.Text;
using System.Text.Json;
using Confluent.Kafka;
using SiemForwarder.Connections;
using SiemForwarder.Connections.Network;
using SiemForwarder.Destinations;
using SiemForwarder.EndToEnd.Support;

namespace SiemForwarder.EndToEnd.Receivers;

/// <summary>Against the mock cluster of librdkafka: its brokers speak Kafka's protocol over TCP, keep records, and fail on demand; they know neither TLS nor SASL.</summary>
public sealed class KafkaTests(KafkaCluster cluster, TestPostgres postgres) : IClassFixture<KafkaCluster>
{
    private const short Produce = 0;

    private static CancellationToken Soon => new CancellationTokenSource(TimeSpan.FromMinutes(2)).Token;

    [Fact]
    public async Task EveryEventIsARecordWithItsIdAndTimeInOrderOfItsKey()
    {
        var topic = cluster.CreateTopic(partitions: 3);
        await using var destination = Open(topic);

        for (var round = 0; round < 3; round++)
        {
            Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(Batches.Json(500, number => $"{{\"n\":{number},\"user\":\"zoë\"}}"), Soon));
        }

        var records = cluster.ReadAll(topic, 1500);
        Assert.Equal(
            Enumerable.Range(0, 500).SelectMany(number => Enumerable.Repeat(Batches.IdOf(number), 3)).Order(StringComparer.Ordinal),
            records.Select(record => Encoding.UTF8.GetString(record.Message.Headers.GetLastBytes("event_id"))).Order(StringComparer.Ordinal));
        var first = records.First(record => record.Message.Value.AsSpan().SequenceEqual("{\"n\":7,\"user\":\"zoë\"}"u8));
        Assert.Equal(1762164930123, first.Message.Timestamp.UnixTimestampMs);
        foreach (var key in records.GroupBy(record => record.Message.Key is { } key ? Encoding.UTF8.GetString(key) : "").Where(group => group.Key.Length > 0))
        {
            Assert.Single(key.Select(record => record.Partition.Value).Distinct());
        }
    }

    [Fact]
    public async Task AMomentOfFailingBrokersDoublesAndLosesNothing()
    {
        var topic = cluster.CreateTopic(partitions: 1);
        await using var destination = Open(topic);
        cluster.FailNext(Produce, ErrorCode.NotLeaderForPartition, ErrorCode.RequestTimedOut, ErrorCode.NotEnoughReplicas);

        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(Batches.Json(100, number => $"{number}"), Soon));

        Assert.Equal(
            Enumerable.Range(0, 100).Select(number => $"{number}"),
            cluster.ReadAll(topic, 100).Select(record => Encoding.UTF8.GetString(record.Message.Value)));
    }

    [Fact]
    public async Task BrokersThatFailOnAndOnAreTransientAndTheBatchArrivesLater()
    {
        var topic = cluster.CreateTopic(partitions: 1);
        await using var destination = Open(topic, timeout: TimeSpan.FromSeconds(1));
        cluster.FailNext(Produce, [.. Enumerable.Repeat(ErrorCode.NotEnoughReplicas, 100)]);

        var outcome = Assert.IsType<DeliveryOutcome.Transient>(await destination.SendAsync(Batches.Json(3, number => $"{number}"), Soon));
        cluster.FailNothing(Produce);

        Assert.EndsWith(".", outcome.Reason, StringComparison.Ordinal);
        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(Batches.Json(3, number => $"{number}"), Soon));
        Assert.Equal(["0", "1", "2"], cluster.ReadAll(topic, 3).Select(record => Encoding.UTF8.GetString(record.Message.Value)).Distinct());
    }

    [Theory]
    [InlineData(ErrorCode.TopicAuthorizationFailed, ErrorCategory.Authorization)]
    [InlineData(ErrorCode.UnknownTopicOrPart, ErrorCategory.Configuration)]
    public async Task ATopicThatCannotBeUsedIsMisconfigured(ErrorCode code, ErrorCategory category)
    {
        var topic = cluster.CreateTopic(partitions: 1);
        cluster.BreakTopic(topic, code);
        await using var destination = Open(topic, timeout: TimeSpan.FromSeconds(2));

        var outcome = Assert.IsType<DeliveryOutcome.Misconfigured>(await destination.SendAsync(Batches.Json(1, _ => "{}"), Soon));
        var report = await destination.TestAsync(Batches.Json(1, _ => "{}"), Soon);

        Assert.Equal(category, outcome.Category);
        Assert.Contains(topic, outcome.Reason, StringComparison.Ordinal);
        Assert.Equal(TestStageResult.Failed, report.Stages.Single(stage => stage.Name == TestStageName.Authentication).Result);
    }

    [Fact]
    public async Task ARecordThatIsTooLargeIsSetAsideAlone()
    {
        var topic = cluster.CreateTopic(partitions: 1);
        await using var destination = Open(topic);

        var outcome = Assert.IsType<DeliveryOutcome.Partial>(
            await destination.SendAsync(Batches.Json(3, number => number == 1 ? new string('x', 1_100_000) : $"{number}"), Soon));

        Assert.Equal(1, Assert.Single(outcome.Refused).Index);
        Assert.Empty(outcome.Retry);
        Assert.Equal(["0", "2"], cluster.ReadAll(topic, 2).Select(record => Encoding.UTF8.GetString(record.Message.Value)));
    }

    [Fact]
    public async Task ABrokerThatTheEgressPolicyForbidsIsNotUsedThoughAnotherNamesIt()
    {
        var topic = cluster.CreateTopic(partitions: 6);
        var first = cluster.Ports[0];
        await using var destination = Open(topic, egress: EgressPolicy.Usual with { Ports = [new PortRange(first, first)] });

        var outcome = Assert.IsType<DeliveryOutcome.Misconfigured>(await destination.SendAsync(Batches.Json(1, _ => "{}"), Soon));

        Assert.Contains("Forwarder__Egress__Ports", outcome.Reason, StringComparison.Ordinal);
        Assert.Contains("advertised.listeners", outcome.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ATestNamesTheTopicAndProducesOneRecord()
    {
        var topic = cluster.CreateTopic(partitions: 1);
        await using var destination = Open(topic);

        var report = await destination.TestAsync(Batches.Json(1, _ => "{\"test\":true}"), Soon);

        Assert.True(report.Succeeded, string.Join('\n', report.Stages));
        Assert.Contains(topic, report.Stages[^1].Detail, StringComparison.Ordinal);
        Assert.Single(cluster.ReadAll(topic, 1));
    }

    [Fact]
    public async Task AFirstBrokerThatIsDownIsNoHindrance()
    {
        var topic = cluster.CreateTopic(partitions: 1);
        await using var destination = Open(topic, url: new Uri($"kafka://127.0.0.1:{LoopbackPorts.Next()}"), brokers: $"127.0.0.1:{cluster.Ports[1]}");

        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(Batches.Json(1, _ => "{}"), Soon));
    }

    [Fact]
    public async Task EveryRecordedEventArrivesOnceWithItsId()
    {
        var topic = cluster.CreateTopic(partitions: 2);

        await using var recorded = await RecordedDelivery.RunAsync(postgres, new
        {
            name = "queue",
            serverUrl = $"kafka://127.0.0.1:{cluster.Ports[0]}",
            settings = new { topic, key = "realm" },
        });

        var ids = cluster.ReadAll(topic, recorded.Ids.Count).Select(record => Encoding.UTF8.GetString(record.Message.Headers.GetLastBytes("event_id")));
        recorded.AssertArrivedOnce(ids);
    }

    private IDestination Open(string topic, TimeSpan? timeout = null, Uri? url = null, string? brokers = null, EgressPolicy? egress = null)
    {
        var server = url ?? new Uri($"kafka://127.0.0.1:{cluster.Ports[0]}");
        return DestinationCatalog.Find("kafka")!.Open(
            new DestinationSettings
            {
                IntegrationName = "queue",
                ServerUrl = server,
                Port = server.Port,
                Egress = egress ?? EgressPolicy.Usual,
                Settings = JsonSerializer.SerializeToElement(new { topic, brokers }),
                Timeout = timeout ?? TimeSpan.FromSeconds(20),
            },
            TimeProvider.System);
    }
}
