using SiemForwarder.Destinations;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Tests.Events.Formats;
using SiemForwarder.Tests.Support;

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
    public async Task ADocumentHasTheTimeOfTheEventWhateverItsSenderCalledTimestamp()
    {
        const string Stream = "logs-keycloak.sent-test";
        await using var destination = Open(Stream);

        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(
            Batches.Json(2, number => $"{{\"n\":{number},\"@timestamp\":{(number == 0 ? "\"2020-01-01T00:00:00Z\"" : "\"2021-01-01T00:00:00Z\"")}}}"), Soon));

        var found = await server.ReadAsync(Stream, Soon);
        Assert.Equal(
            ["2025-11-03T10:15:30.123Z 2020-01-01T00:00:00Z", "2025-11-03T10:15:30.123Z 2021-01-01T00:00:00Z"],
            found.Select(hit => hit.GetProperty("_source")).Select(one => $"{one.GetProperty("@timestamp")} {one.GetProperty("siemforwarder.sent_timestamp")}").Order(StringComparer.Ordinal));
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
    public async Task WhateverAnEventHoldsItsDocumentFitsTheShippedTemplate()
    {
        Assert.SkipWhen(server.Missing is not null, server.Missing ?? "");
        const string Stream = "logs-keycloak.shipped-test";
        await server.InstallShippedTemplateAsync(Stream, Soon);
        string[] addresses =
        [
            "192.0.2.1", "::ffff:192.0.2.1", "192.0.2.1:51044", "192.0.2.1, 10.0.0.1", "[::ffff:192.0.2.1]:443", "[2001:db8::1]:443", "2001:DB8:0:0::1",
            "[::1]:99999999", "::ffff:192.0.2.010", "192.0.2.010", "fe80::1%eth0", "[fe80::1%25eth0]", "1", "0x7f.1", "::1/64", "unknown, 192.0.2.1", "", ":::", "x",
        ];
        KeyValuePair<string, string>[][] details =
        [
            [new("updated_birthday", "2025-01-01")], [new("updated_birthday", "unknown")], [new("a", "x"), new("a.b", "y"), new("a_b", "z")], [new("", "x"), new(".", "y"), new("..", "z")],
            [new("updated_ip", "x"), new("ip", "y"), new("x_timestamp", "z")], [new("number", "1")], [new("number", "one")], [new("long", new string('€', 40_000))],
            [new("_id", "x"), new("_source", "y")], [new("x\0y", "\0"), new("\uD83D", "\uD83D")], [new(new string('k', 40_000), "x")],
            [.. Enumerable.Range(0, 3000).Select(number => KeyValuePair.Create($"updated_{number}", "x"))],
        ];
        var events = addresses.Select(address => Some.LoginEvent(ip: address)).Concat(details.Select(one => Some.LoginEvent() with { Details = one }))
            .Concat(HostileText.Examples.Append(new string('x', 50_000)).Append("2025-01-01").Select(text => Some.LoginEvent(userName: text, error: text, clientId: text)))
            .Concat(CatalogueEvents.All())
            .Select((one, number) => one with { Id = $"event-{number}" }).ToList();
        await using var destination = Open(Stream);

        foreach (var some in events.Chunk(500))
        {
            var messages = some.Select(one => FormatSettings.Write("ecs", one, 1024 * 1024)).ToList();
            var ends = messages.Select((_, index) => messages.Take(index + 1).Sum(message => message.Length)).ToArray();
            var outcome = await destination.SendAsync(new DeliveryBatch(messages.SelectMany(message => message).ToArray(), ends, some), Soon);
            Assert.Contains($"{some.Length} created", Assert.IsType<DeliveryOutcome.Delivered>(outcome).Answer);
        }

        Assert.Equal(events.Count, (await server.ReadAsync(Stream, Soon)).Count);
        Assert.Equal(events.Count, await server.CountAsync(Stream, Term("data_stream.dataset", "keycloak.shipped"), Soon));
        Assert.Equal(events.Count(one => one.IpAddress is { } address && addresses.Take(5).Contains(address)), await server.CountAsync(Stream, Term("source.ip", "192.0.2.1"), Soon));
        Assert.Equal(1, await server.CountAsync(Stream, Term("source.port", "51044"), Soon));
        Assert.Equal(1, await server.CountAsync(Stream, Term("keycloak.details.updated_birthday", "unknown"), Soon));
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

    private static Dictionary<string, object> Term(string field, string value) => new() { ["term"] = new Dictionary<string, string> { [field] = value } };

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
