using SiemForwarder.Destinations;
using SiemForwarder.EndToEnd.Support;

namespace SiemForwarder.EndToEnd.Receivers;

public sealed class OpenTelemetryCollectorTests(OpenTelemetryCollector collector, TestPostgres postgres) : IClassFixture<OpenTelemetryCollector>
{
    private static CancellationToken Soon => new CancellationTokenSource(TimeSpan.FromSeconds(30)).Token;

    [Theory]
    [InlineData("json", false)]
    [InlineData("json", true)]
    [InlineData("protobuf", false)]
    [InlineData("protobuf", true)]
    public async Task EveryEventIsARecordThatTheCollectorUnderstands(string encoding, bool gzip)
    {
        var service = $"{encoding}-{gzip}";
        await using var destination = Open(service, gzip, encoding);

        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(Batches.Json(500, number => $"{{\"n\":{number},\"name\":\"zoë \\\"x\\\"\"}}"), Soon));

        var records = await collector.ReadAsync(service, 500, Soon);
        Assert.Equal(500, records.Count);
        var members = records[7].GetProperty("body").GetProperty("kvlistValue").GetProperty("values");
        Assert.Equal(("n", "7"), (members[0].GetProperty("key").GetString(), members[0].GetProperty("value").GetProperty("intValue").GetString()));
        Assert.Equal(("name", "zoë \"x\""), (members[1].GetProperty("key").GetString(), members[1].GetProperty("value").GetProperty("stringValue").GetString()));
        Assert.All(records, record => Assert.Equal("1762164930123000000", record.GetProperty("timeUnixNano").GetString()));
        Assert.All(records, record => Assert.Equal(9, record.GetProperty("severityNumber").GetInt32()));
        Assert.Equal("keycloak.login", records[0].GetProperty("eventName").GetString());
        Assert.Equal(
            Enumerable.Range(0, 500).Select(Batches.IdOf),
            records.Select(record => record.GetProperty("attributes")[0].GetProperty("value").GetProperty("stringValue").GetString()));
    }

    [Theory]
    [InlineData("json")]
    [InlineData("protobuf")]
    public async Task ATestPassesAllStages(string encoding)
    {
        await using var destination = Open($"tried-{encoding}", encoding: encoding);

        var report = await destination.TestAsync(Batches.Json(1, _ => "{}"), Soon);

        Assert.True(report.Succeeded, string.Join('\n', report.Stages));
        Assert.Single(await collector.ReadAsync($"tried-{encoding}", 1, Soon));
    }

    [Fact]
    public async Task EveryRecordedEventArrivesOnceWithItsId()
    {
        Assert.SkipWhen(collector.Missing is not null, collector.Missing ?? "");

        await using var recorded = await RecordedDelivery.RunAsync(
            postgres, new { name = "collector", preset = "otlp", serverUrl = collector.Url, settings = new { serviceName = "recorded" } });

        var records = await collector.ReadAsync("recorded", recorded.Ids.Count, Soon);
        recorded.AssertArrivedOnce(records.Select(record => record.GetProperty("attributes").EnumerateArray()
            .Single(attribute => attribute.GetProperty("key").GetString() == "log.record.uid").GetProperty("value").GetProperty("stringValue").GetString()));
    }

    [Theory]
    [InlineData("grpc")]
    [InlineData("http/protobuf")]
    public async Task TheServicesOwnLogComesOverEitherProtocolOfTheStandardVariables(string protocol)
    {
        Assert.SkipWhen(collector.Missing is not null, collector.Missing ?? "");
        var (service, url) = ($"log-over-{protocol[..4]}", protocol == "grpc" ? collector.GrpcUrl : $"{collector.Url}/v1/logs");
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bound.CancelAfter(TimeSpan.FromMinutes(2));
        await using var forwarder = await ForwarderApplication.StartAsync(
            postgres, $"--OTEL_EXPORTER_OTLP_LOGS_ENDPOINT={url}", $"--OTEL_EXPORTER_OTLP_PROTOCOL={protocol}", $"--OTEL_SERVICE_NAME={service}",
            "--OTEL_BLRP_SCHEDULE_DELAY=200", "--Serilog:MinimumLevel:Default=Warning");
        await forwarder.AddIntegrationAsync(new { name = "dead siem", serverUrl = $"tcp://127.0.0.1:{LoopbackPorts.Next()}", outputType = "JSON" });
        await SeededLog.AppendAsync(forwarder, await SeededLog.AddSourceAsync(forwarder), ["alice"]);

        for (var count = 1; ; count++)
        {
            var records = await collector.ReadAsync(service, count, bound.Token);
            if (records[^1].GetRawText().Contains("dead siem", StringComparison.Ordinal))
            {
                return;
            }
        }
    }

    private IDestination Open(string serviceName, bool gzip = false, string encoding = "json")
    {
        Assert.SkipWhen(collector.Missing is not null, collector.Missing ?? "");
        return DestinationCatalog.Find("otlp")!.Open(
            new DestinationSettings
            {
                IntegrationName = "collector",
                ServerUrl = new Uri(collector.Url),
                Port = collector.Port,
                Http = new(Gzip: gzip),
                Settings = System.Text.Json.JsonSerializer.SerializeToElement(new { serviceName, encoding }),
            },
            TimeProvider.System);
    }
}
