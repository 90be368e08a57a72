using SiemForwarder.Destinations;
using SiemForwarder.EndToEnd.Support;

namespace SiemForwarder.EndToEnd.Receivers;

public sealed class OpenSearchTests(OpenSearchServer server, TestPostgres postgres) : IClassFixture<OpenSearchServer>
{
    private static CancellationToken Soon => new CancellationTokenSource(TimeSpan.FromSeconds(60)).Token;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task EveryEventIsFoundOnceByItsIdHoweverOftenItIsSent(bool gzip)
    {
        var stream = $"logs-keycloak.{(gzip ? "zipped" : "plain")}-test";
        await using var destination = Open(stream, gzip);
        var batch = Batches.Json(1000, number => $"{{\"n\":{number},\"message\":\"zoë \\u0000 {number}\"}}");

        var first = Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(batch, Soon));
        var second = Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(batch, Soon));

        Assert.Contains("1000 created", first.Answer);
        Assert.Contains("1000 already there", second.Answer);
        var found = await server.ReadAsync(stream, Soon);
        Assert.Equal(Enumerable.Range(0, 1000).Select(Batches.IdOf), found.Select(hit => hit.GetProperty("_id").GetString()!).Order(StringComparer.Ordinal));
        Assert.All(found, hit => Assert.Equal(
            "2025-11-03T10:15:30.123Z", hit.GetProperty("_source").GetProperty("@timestamp").GetString()));
    }

    [Fact]
    public async Task AnEventThatDoesNotFitTheMappingIsRefusedAlone()
    {
        await using var destination = Open("logs-keycloak.mapping-test");

        var outcome = Assert.IsType<DeliveryOutcome.Partial>(await destination.SendAsync(
            Batches.Json(5, number => number == 3 ? "{\"source\":{\"ip\":\"not an address\"}}" : "{\"source\":{\"ip\":\"192.0.2.1\"}}"), Soon));

        var refused = Assert.Single(outcome.Refused);
        Assert.Equal(3, refused.Index);
        Assert.Contains("source.ip", refused.Reason);
        Assert.Empty(outcome.Retry);
        Assert.Equal(4, (await server.ReadAsync("logs-keycloak.mapping-test", Soon)).Count);
    }

    [Fact]
    public async Task LinesThatAreNoJsonBecomeMessages()
    {
        await using var destination = Open("logs-keycloak.text-test", contentType: "text/plain");

        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(Batches.Json(2, number => $"CEF:0|line \"{number}\"\n{{\"delete\":{{}}}}"), Soon));

        Assert.Equal(2, (await server.ReadAsync("logs-keycloak.text-test", Soon)).Count);
    }

    [Fact]
    public async Task ATestNamesTheServerAndWritesADocument()
    {
        await using var destination = Open("logs-keycloak.tried-test");

        var report = await destination.TestAsync(Batches.Json(1, _ => "{\"message\":\"test\"}"), Soon);

        Assert.True(report.Succeeded, string.Join('\n', report.Stages));
        Assert.Contains("opensearch 2.19", report.Stages[3].Detail);
    }

    [Fact]
    public async Task EveryRecordedEventIsFoundOnceByItsIdAlsoAfterEverythingWasSentAgain()
    {
        Assert.SkipWhen(server.Missing is not null, server.Missing ?? "");
        const string Stream = "logs-keycloak.recorded-test";
        await using var recorded = await RecordedDelivery.RunAsync(
            postgres, new { name = "opensearch", preset = "opensearch", serverUrl = server.Url, settings = new { dataStream = Stream } });
        recorded.AssertArrivedOnce((await server.ReadAsync(Stream, Soon)).Select(hit => hit.GetProperty("_id").GetString()));

        var replay = await recorded.Forwarder.PostAsync($"/api/v1/integrations/{recorded.Integration}/replays", new { by = "test", everything = true });
        var done = await recorded.Forwarder.WaitForAsync(
            $"/api/v1/integrations/{recorded.Integration}/replays/{replay["id"]}", node => node["state"]!.GetValue<string>() == "done");

        Assert.Equal(recorded.Ids.Count, done["delivered"]!.GetValue<long>());
        var found = await server.ReadAsync(Stream, Soon);
        recorded.AssertArrivedOnce(found.Select(hit => hit.GetProperty("_id").GetString()));
        Assert.All(found, hit => Assert.Equal(hit.GetProperty("_id").GetString(), hit.GetProperty("_source").GetProperty("event").GetProperty("id").GetString()));
    }

    [Fact]
    public async Task AnEventThatDoesNotFitTheMappingIsSetAsideAndTheBatchIsNot()
    {
        Assert.SkipWhen(server.Missing is not null, server.Missing ?? "");
        await server.CreateIndexAsync("numbers-only", new { properties = new { user = new { properties = new { name = new { type = "long" } } } } }, Soon);
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        var source = await SeededLog.AddSourceAsync(forwarder);
        var id = await forwarder.AddIntegrationAsync(
            new { name = "opensearch", preset = "opensearch", serverUrl = server.Url, settings = new { index = "numbers-only" } });

        var ids = await SeededLog.AppendAsync(forwarder, source, Enumerable.Range(0, 300).Select(number => number == 150 ? "zoë" : $"{number}"));

        var status = await forwarder.WaitForAsync($"/api/v1/integrations/{id}/status", node => node["backlog"]!.GetValue<long>() == 0 && node["setAside"]!.GetValue<long>() > 0);
        Assert.Equal(1, status["setAside"]!.GetValue<long>());
        var found = (await server.ReadAsync("numbers-only", Soon)).Select(hit => hit.GetProperty("_id").GetString()!);
        Assert.Equal(ids.Where((_, index) => index != 150).Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));
    }

    private IDestination Open(string dataStream, bool gzip = false, string contentType = "application/json")
    {
        Assert.SkipWhen(server.Missing is not null, server.Missing ?? "");
        return DestinationCatalog.Find("elastic")!.Open(
            new DestinationSettings
            {
                IntegrationName = "opensearch",
                ServerUrl = new Uri(server.Url),
                Port = server.Port,
                Http = new(Gzip: gzip, ContentType: contentType),
                Settings = System.Text.Json.JsonSerializer.SerializeToElement(new { dataStream }),
            },
            TimeProvider.System);
    }
}
