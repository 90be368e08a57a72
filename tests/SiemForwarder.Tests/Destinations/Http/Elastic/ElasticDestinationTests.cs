using System.Text.Json;
using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Destinations.Http.Elastic;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.Tests.Destinations.Http.Elastic;

public sealed class ElasticDestinationTests : HttpDestinationContract
{
    private const string Created = "{\"create\":{\"status\":201}}";
    private const string Conflict = "{\"create\":{\"status\":409,\"error\":{\"type\":\"version_conflict_engine_exception\",\"reason\":\"document already exists\"}}}";
    private const string Unmapped = "{\"create\":{\"status\":400,\"error\":{\"type\":\"document_parsing_exception\",\"reason\":\"failed to parse field [source.ip]\"}}}";
    private const string Busy = "{\"create\":{\"status\":429,\"error\":{\"type\":\"es_rejected_execution_exception\",\"reason\":\"queue is full\"}}}";

    protected override HttpReply Accepted => Answer(Created, Created);

    protected override int WireLimit => 5_000_000;

    internal override IDestination Open(DestinationSettings settings) => OpenWith(settings, new { apiKey = "id:" + SecretText });

    internal override DeliveryBatch Batch(int count = 2) => SomeBatch.Json(count);

    [Fact]
    public async Task EventsBecomeCreatesWithTheirIdAndTime()
    {
        await using var receiver = HttpReceiver.Start(Accepted);
        await using var destination = OpenWith(SomeSettings.For(UrlOf(receiver)) with { Http = new(Gzip: true) }, new { apiKey = "abc", dataStream = "logs-idm-prod" });

        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(
            SomeBatch.Json(2, number => number == 0 ? "{\"n\":0}" : "{\"event\":{\"@timestamp\":1},\"@timestamp\":\"2025-11-03T10:15:30.124Z\"}"), Soon));

        var request = Assert.Single(receiver.Requests);
        Assert.StartsWith("POST /in/logs-idm-prod/_bulk?filter_path=errors,items.*.status", request.RequestLine);
        Assert.Equal("ApiKey abc", request.FindHeader("Authorization"));
        Assert.Equal("application/x-ndjson", request.FindHeader("Content-Type"));
        Assert.NotNull(request.FindHeader("Content-Length"));
        Assert.Null(request.FindHeader("Transfer-Encoding"));
        Assert.Equal(
            $$$"""
            {"create":{"_id":"{{{SomeBatch.IdOf(0)}}}"}}
            {"data_stream":{"type":"logs","dataset":"idm","namespace":"prod"},"@timestamp":"2025-11-03T10:15:30.123Z","n":0}
            {"create":{"_id":"{{{SomeBatch.IdOf(1)}}}"}}
            {"data_stream":{"type":"logs","dataset":"idm","namespace":"prod"},"event":{"@timestamp":1},"@timestamp":"2025-11-03T10:15:30.124Z"}

            """.ReplaceLineEndings("\n"),
            ToText(request.PlainBody));
    }

    [Theory]
    [InlineData("dataStream", "{}", "{\"data_stream\":{\"type\":\"logs\",\"dataset\":\"idm\",\"namespace\":\"prod\"},\"@timestamp\":\"2025-11-03T10:15:30.123Z\",\"n\":0}")]
    [InlineData("dataStream", ",\"data_stream\":{}}", "{\"@timestamp\":\"2025-11-03T10:15:30.123Z\",\"n\":0,\"data_stream\":{}}")]
    [InlineData("index", "{}", "{\"@timestamp\":\"2025-11-03T10:15:30.123Z\",\"n\":0}")]
    public async Task ADocumentNamesItsDataStreamOnceAndOnlyWhereItIsOne(string setting, string more, string expected)
    {
        await using var receiver = HttpReceiver.Start(Accepted);
        await using var destination = OpenWith(
            SomeSettings.For(UrlOf(receiver)) with { Http = new() }, new Dictionary<string, string> { [setting] = "logs-idm-prod", ["apiKey"] = "abc" });

        await destination.SendAsync(SomeBatch.Json(1, _ => "{\"n\":0" + (more == "{}" ? "}" : more)), Soon);

        Assert.Equal(expected, ToText(receiver.Requests[0].PlainBody).Split('\n')[1]);
    }

    [Theory]
    [InlineData("\"@timestamp\":\"2020-01-01T00:00:00Z\"", "\"siemforwarder.sent_timestamp\":\"2020-01-01T00:00:00Z\"")]
    [InlineData("\"\\u0040timestamp\" : \"yesterday\"", "\"siemforwarder.sent_timestamp\" : \"yesterday\"")]
    [InlineData("\"@timestamp\":1762164930123", "\"siemforwarder.sent_timestamp\":1762164930123")]
    [InlineData("\"@timestamp\":{\"@timestamp\":[1]}", "\"siemforwarder.sent_timestamp\":{\"@timestamp\":[1]}")]
    [InlineData("\"@timestamp\":null", "\"siemforwarder.sent_timestamp\":null")]
    public async Task ATimestampOfASenderDoesNotBecomeThatOfTheDocument(string sent, string written)
    {
        await using var receiver = HttpReceiver.Start(Accepted);
        await using var destination = OpenWith(SomeSettings.For(UrlOf(receiver)) with { Http = new() }, new { apiKey = "abc", index = "logs" });

        await destination.SendAsync(SomeBatch.Json(1, _ => $"{{\"a\":0,{sent},\"b\":1}}"), Soon);

        Assert.Equal($"{{\"@timestamp\":\"2025-11-03T10:15:30.123Z\",\"a\":0,{written},\"b\":1}}", ToText(receiver.Requests[0].PlainBody).Split('\n')[1]);
    }

    [Fact]
    public async Task ATimestampOfTheSameInstantStaysInWhateverZoneItIsWritten()
    {
        const string Document = "{\"@timestamp\":\"2025-11-03T12:15:30.123456+02:00\",\"n\":0}";
        await using var receiver = HttpReceiver.Start(Accepted);
        await using var destination = OpenWith(SomeSettings.For(UrlOf(receiver)) with { Http = new() }, new { apiKey = "abc", index = "logs" });

        await destination.SendAsync(SomeBatch.Json(1, _ => Document), Soon);

        Assert.Equal(Document, ToText(receiver.Requests[0].PlainBody).Split('\n')[1]);
    }

    [Fact]
    public async Task TextBecomesTheMessageOfADocument()
    {
        await using var receiver = HttpReceiver.Start(Accepted);
        await using var destination = Open(SomeSettings.For(UrlOf(receiver)) with { Http = new(ContentType: "text/plain") });
        const string Line = "CEF:0|a\n{\"delete\":{\"_id\":\"1\"}}\n";

        await destination.SendAsync(SomeBatch.Of(Line), Soon);

        var lines = ToText(receiver.Requests[0].Body).Split('\n');
        Assert.Equal(3, lines.Length);
        Assert.Equal(Line, JsonDocument.Parse(lines[1]).RootElement.GetProperty("message").GetString());
    }

    [Fact]
    public async Task AnIdAndKeyAreEncodedForTheHeader()
    {
        await using var receiver = HttpReceiver.Start(Accepted);
        await using var destination = OpenWith(SomeSettings.For(UrlOf(receiver)), new { apiKey = "id:key" });

        await destination.SendAsync(Batch(), Soon);

        Assert.Equal("ApiKey aWQ6a2V5", receiver.Requests[0].FindHeader("Authorization"));
    }

    [Fact]
    public async Task EveryEventHasItsOwnEnd()
    {
        await using var receiver = HttpReceiver.Start(Answer(Created, Conflict, Unmapped, Busy, Created));
        await using var destination = Open(SomeSettings.For(UrlOf(receiver)));

        var outcome = Assert.IsType<DeliveryOutcome.Partial>(await destination.SendAsync(Batch(5), Soon));

        var refused = Assert.Single(outcome.Refused);
        Assert.Equal(2, refused.Index);
        Assert.Contains("source.ip", refused.Reason);
        AssertReadable(refused.Reason);
        Assert.Equal([3], outcome.Retry);
    }

    [Fact]
    public async Task WhatIsAlreadyThereIsDelivered()
    {
        await using var receiver = HttpReceiver.Start(Answer(Conflict, Conflict));
        await using var destination = Open(SomeSettings.For(UrlOf(receiver)));

        var delivered = Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(Batch(), Soon));

        Assert.Contains("2 already there", delivered.Answer);
    }

    [Theory]
    [InlineData(429, "es_rejected_execution_exception", typeof(DeliveryOutcome.Transient))]
    [InlineData(503, "unavailable_shards_exception", typeof(DeliveryOutcome.Transient))]
    [InlineData(403, "cluster_block_exception", typeof(DeliveryOutcome.Transient))]
    [InlineData(403, "security_exception", typeof(DeliveryOutcome.Misconfigured))]
    [InlineData(404, "index_not_found_exception", typeof(DeliveryOutcome.Misconfigured))]
    [InlineData(400, "illegal_argument_exception", typeof(DeliveryOutcome.Rejected))]
    public async Task WhereAllEventsMeetTheSameTheOutcomeSaysSo(int status, string type, Type expected)
    {
        var item = $"{{\"create\":{{\"status\":{status},\"error\":{{\"type\":\"{type}\",\"reason\":\"because {SecretText}\"}}}}}}";
        await using var receiver = HttpReceiver.Start(Answer(item, item));
        await using var destination = Open(SomeSettings.For(UrlOf(receiver)));

        var outcome = await destination.SendAsync(Batch(), Soon);

        Assert.IsType(expected, outcome);
        Assert.Contains(type, outcome.ToString());
        Assert.DoesNotContain(SecretText, outcome.ToString());
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("{\"errors\":false,\"items\":[{\"create\":{\"status\":201}}]}")]
    [InlineData("{\"errors\":false,\"items\":[{\"create\":{\"status\":201}},{}]}")]
    [InlineData("{\"errors\":false,\"items\":[{\"create\"")]
    [InlineData("ok")]
    public async Task AnAnswerThatDoesNotSpeakOfEveryEventIsNotSuccess(string body)
    {
        await using var receiver = HttpReceiver.Start(new HttpReply(200, body));
        await using var destination = Open(SomeSettings.For(UrlOf(receiver)));

        AssertReadable(Assert.IsType<DeliveryOutcome.Transient>(await destination.SendAsync(Batch(), Soon)).Reason);
    }

    [Fact]
    public async Task AnAnswerForAFullBatchIsReadToItsEnd()
    {
        var item = Unmapped.Replace("failed", new string('x', 500));
        await using var receiver = HttpReceiver.Start(Answer([.. Enumerable.Repeat(item, 999), Created]));
        await using var destination = Open(SomeSettings.For(UrlOf(receiver)));

        Assert.Equal(999, Assert.IsType<DeliveryOutcome.Partial>(await destination.SendAsync(Batch(1000), Soon)).Refused.Count);
    }

    [Fact]
    public async Task ATestNamesTheServerAndWritesOneDocument()
    {
        await using var receiver = HttpReceiver.Start(request => request.RequestLine.StartsWith("GET /in/ ")
            ? new HttpReply(200, "{\"cluster_name\":\"siem\",\"version\":{\"number\":\"9.1.0\"}}")
            : Answer(Created));
        await using var destination = Open(SomeSettings.For(UrlOf(receiver)));

        var report = await destination.TestAsync(Batch(1), Soon);

        Assert.True(report.Succeeded, string.Join('\n', report.Stages));
        Assert.Contains("elasticsearch 9.1.0", report.Stages[3].Detail);
        Assert.Contains("ApiKey ***", ToText(report.Sent));
    }

    [Theory]
    [InlineData(200, true, true, "authenticated as svc, may create documents in logs-keycloak.audit-default")]
    [InlineData(200, true, false, "which must exist")]
    [InlineData(200, false, false, null)]
    [InlineData(404, false, false, "does not report the forwarder's privileges")]
    public async Task ATestAsksElasticsearchWhoItIsAndWhatItMayDo(int status, bool createDoc, bool autoConfigure, string? said)
    {
        await using var receiver = HttpReceiver.Start(request => request.RequestLine.Split(' ')[1] switch
        {
            "/in/" => new HttpReply(200, "{\"cluster_name\":\"siem\",\"version\":{\"number\":\"9.1.0\"}}"),
            "/in/_security/_authenticate" => new HttpReply(status, "{\"username\":\"svc\"}"),
            "/in/_security/user/_has_privileges" => new HttpReply(
                status, $"{{\"index\":{{\"logs-keycloak.audit-default\":{{\"create_doc\":{(createDoc ? "true" : "false")},\"auto_configure\":{(autoConfigure ? "true" : "false")}}}}}}}"),
            _ => Answer(Created),
        });
        await using var destination = Open(SomeSettings.For(UrlOf(receiver)));

        var report = await destination.TestAsync(Batch(1), Soon);

        Assert.Equal(said is not null, report.Succeeded);
        Assert.Contains(said ?? "may not create documents in logs-keycloak.audit-default", report.Stages[3].Detail);
        Assert.Equal("GET /in/_security/_authenticate HTTP/1.1", receiver.Requests[1].RequestLine);
        Assert.Equal("POST /in/_security/user/_has_privileges HTTP/1.1", receiver.Requests[2].RequestLine);
        Assert.Equal("{\"index\":[{\"names\":[\"logs-keycloak.audit-default\"],\"privileges\":[\"create_doc\",\"auto_configure\"]}]}", ToText(receiver.Requests[2].Body));
        Assert.Equal(said is null ? 3 : 4, receiver.Requests.Count);
    }

    [Fact]
    public async Task ATestOfOpenSearchSaysThatItCannotBeAskedForPrivileges()
    {
        await using var receiver = HttpReceiver.Start(request => request.RequestLine.StartsWith("GET /in/ ")
            ? new HttpReply(200, "{\"cluster_name\":\"siem\",\"version\":{\"distribution\":\"opensearch\",\"number\":\"3.1.0\"}}")
            : Answer(Created));
        await using var destination = Open(SomeSettings.For(UrlOf(receiver)));

        var report = await destination.TestAsync(Batch(1), Soon);

        Assert.True(report.Succeeded, string.Join('\n', report.Stages));
        Assert.Contains("OpenSearch does not report", report.Stages[3].Detail);
        Assert.Equal(2, receiver.Requests.Count);
    }

    [Fact]
    public async Task WhatWentIntoTheFailureStoreIsTakenWithAWarning()
    {
        await using var receiver = HttpReceiver.Start(Answer(Created, "{\"create\":{\"status\":201,\"failure_store\":\"used\"}}"));
        await using var destination = Open(SomeSettings.For(UrlOf(receiver)));

        var delivered = Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(Batch(), Soon));

        Assert.Contains("1 of them in the failure store: correct the mapping", delivered.Answer);
    }

    [Fact]
    public async Task ATestOfAKeyWithoutTheRightNamesThePrivilege()
    {
        await using var receiver = HttpReceiver.Start(request => request.RequestLine.StartsWith("GET ")
            ? new HttpReply(403, "{}")
            : Answer("{\"create\":{\"status\":403,\"error\":{\"type\":\"security_exception\",\"reason\":\"action is unauthorized\"}}}"));
        await using var destination = Open(SomeSettings.For(UrlOf(receiver)));

        var failed = Assert.Single((await destination.TestAsync(Batch(1), Soon)).Stages, stage => stage.Result == TestStageResult.Failed);

        Assert.Equal(TestStageName.Authentication, failed.Name);
        Assert.Contains("create_doc", failed.Advice);
    }

    [Theory]
    [InlineData("logs-keycloak.audit-default", 0)]
    [InlineData("logs-Keycloak-default", 1)]
    [InlineData("logs-a-b-c", 1)]
    [InlineData("logs-a", 1)]
    [InlineData("logs-a*-b", 1)]
    public void ADataStreamIsCheckedByTheRulesOfTheServers(string name, int faults) =>
        Assert.Equal(faults, ElasticDestination.Kind.CheckSettings!(SomeSettings.Own(new { dataStream = name })).Count);

    [Fact]
    public async Task AWrongSettingHoldsTheIntegrationAndIsNamed()
    {
        await using var receiver = HttpReceiver.Start(Accepted);
        await using var destination = OpenWith(SomeSettings.For(UrlOf(receiver)), new { index = "../x", apiKey = SecretText });

        var outcome = Assert.IsType<DeliveryOutcome.Misconfigured>(await destination.SendAsync(Batch(), Soon));

        Assert.Contains("settings.index", outcome.Reason);
        Assert.Empty(receiver.Requests);
    }

    private static HttpReply Answer(params string[] items) =>
        new(200, $"{{\"errors\":{(items.All(item => item == Created) ? "false" : "true")},\"items\":[{string.Join(',', items)}]}}");

    private static IDestination OpenWith(DestinationSettings settings, object own) =>
        ElasticDestination.Kind.Open(settings with { Settings = SomeSettings.Own(own) }, TimeProvider.System);
}
