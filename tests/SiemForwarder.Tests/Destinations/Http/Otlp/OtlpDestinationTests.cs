using System.Text.Json;
using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Destinations.Http.Otlp;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.Tests.Destinations.Http.Otlp;

public sealed class OtlpDestinationTests : HttpDestinationContract
{
    protected override HttpReply Accepted => new(200, "{}");

    // OTLP does not let a client repeat after 500.
    protected override int ServerError => 502;

    protected override int WireLimit => 4_000_000;

    internal override IDestination Open(DestinationSettings settings) => OtlpDestination.Kind.Open(
        settings with { Authentication = new(AuthenticationType.Bearer, Token: new Secret(SecretText)) }, TimeProvider.System);

    internal override DeliveryBatch Batch(int count = 2) => SomeBatch.Json(count);

    [Fact]
    public async Task EventsBecomeLogRecords()
    {
        await using var receiver = HttpReceiver.Start(Accepted);
        await using var destination = Open(SomeSettings.For(UrlOf(receiver)) with { Http = new(Gzip: true) });

        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(Batch(), Soon));

        var request = Assert.Single(receiver.Requests);
        Assert.Equal("POST /in/v1/logs HTTP/1.1", request.RequestLine);
        Assert.Equal("application/json", request.FindHeader("Content-Type"));
        var resource = JsonDocument.Parse(request.PlainBody).RootElement.GetProperty("resourceLogs")[0];
        Assert.Equal("{\"key\":\"service.name\",\"value\":{\"stringValue\":\"keycloak\"}}", resource.GetProperty("resource").GetProperty("attributes")[0].GetRawText());
        var records = resource.GetProperty("scopeLogs")[0].GetProperty("logRecords");
        Assert.Equal(2, records.GetArrayLength());
        var record = records[1];
        Assert.Equal("1762164930124000000", record.GetProperty("timeUnixNano").GetString());
        Assert.Equal("1762164931001000000", record.GetProperty("observedTimeUnixNano").GetString());
        Assert.Equal(13, record.GetProperty("severityNumber").GetInt32());
        Assert.Equal("WARN", record.GetProperty("severityText").GetString());
        Assert.Equal("keycloak.login_error", record.GetProperty("eventName").GetString());
        Assert.Equal("""{"kvlistValue":{"values":[{"key":"n","value":{"intValue":"1"}}]}}""", record.GetProperty("body").GetRawText());
        var attributes = record.GetProperty("attributes").EnumerateArray()
            .ToDictionary(pair => pair.GetProperty("key").GetString()!, pair => pair.GetProperty("value").GetProperty("stringValue").GetString());
        Assert.Equal(SomeBatch.IdOf(1), attributes["log.record.uid"]);
        Assert.Equal("zoë", attributes["user.name"]);
        Assert.Equal("192.0.2.10", attributes["client.address"]);
        Assert.Equal("failure", attributes["keycloak.event.outcome"]);
        Assert.Equal("invalid_user_credentials", attributes["keycloak.event.error"]);
    }

    [Fact]
    public async Task TheBodyIsAMapOfWhatTheEventHolds()
    {
        const string Event = """{"text":"zoë \"x\" \u00e9","yes":true,"no":false,"none":null,"big":9007199254740993,"real":1.5,"list":[1,"a",{}],"inner":{"a.b":""}}""";

        Assert.Equal(
            """{"kvlistValue":{"values":[{"key":"text","value":{"stringValue":"zoë \"x\" é"}},{"key":"yes","value":{"boolValue":true}},{"key":"no","value":{"boolValue":false}},"""
            + """{"key":"none","value":{}},{"key":"big","value":{"intValue":"9007199254740993"}},{"key":"real","value":{"doubleValue":1.5}},"""
            + """{"key":"list","value":{"arrayValue":{"values":[{"intValue":"1"},{"stringValue":"a"},{"kvlistValue":{"values":[]}}]}}},"""
            + """{"key":"inner","value":{"kvlistValue":{"values":[{"key":"a.b","value":{"stringValue":""}}]}}}]}}""",
            await BodyAsync(Event, "application/json"));
        Assert.Equal("""{"stringValue":"CEF:0|x"}""", await BodyAsync("CEF:0|x", "text/plain"));
        Assert.Equal("""{"stringValue":"{\"half\":\"\\ud83d\"}"}""", await BodyAsync("{\"half\":\"\\ud83d\"}", "application/json"));
    }

    [Theory]
    [InlineData("1969-12-31T23:59:59.999Z", "0")]
    [InlineData("1970-01-01T00:00:00.001Z", "1000000")]
    [InlineData("2262-04-11T23:47:16.854Z", "9223372036854000000")]
    [InlineData("2262-04-11T23:47:16.855Z", "0")]
    [InlineData("9999-12-31T23:59:59.999Z", "0")]
    public async Task ATimeThatDoesNotFitIsUnknownAndTheObservedOneStands(string time, string expected)
    {
        var batch = SomeBatch.Json(1);
        var one = batch.Events[0] with { OccurredAt = DateTimeOffset.Parse(time, System.Globalization.CultureInfo.InvariantCulture), IpAddress = "[2001:db8::1]:443" };

        var record = await RecordAsync(new DeliveryBatch(batch.Bytes, new[] { batch[0].Length }, new[] { one }), "application/json");

        Assert.Equal(expected, record.GetProperty("timeUnixNano").GetString());
        Assert.Equal("1762164931000000000", record.GetProperty("observedTimeUnixNano").GetString());
        var attributes = record.GetProperty("attributes").EnumerateArray().ToDictionary(pair => pair.GetProperty("key").GetString()!, pair => pair.GetProperty("value").GetRawText());
        Assert.Equal("""{"stringValue":"2001:db8::1"}""", attributes["client.address"]);
        Assert.Equal("""{"intValue":"443"}""", attributes["client.port"]);
    }

    [Theory]
    [InlineData(0, 9)]
    [InlineData(3, 9)]
    [InlineData(4, 13)]
    [InlineData(6, 13)]
    [InlineData(7, 17)]
    [InlineData(8, 17)]
    [InlineData(9, 18)]
    [InlineData(10, 18)]
    public void SeveritiesAreMapped(int severity, int number) => Assert.Equal(number, OtlpRecord.SeverityOf(severity).Number);

    [Theory]
    [InlineData("{\"partialSuccess\":{\"rejectedLogRecords\":\"3\",\"errorMessage\":\"too old\"}}", "rejected 3 records")]
    [InlineData("{\"partialSuccess\":{\"rejectedLogRecords\":3}}", "rejected 3 records")]
    [InlineData(" \r\n\t{\"partialSuccess\":{\"rejectedLogRecords\":3}}", "rejected 3 records")]
    [InlineData("\uFEFF{\"partialSuccess\":{\"rejectedLogRecords\":3}}", "rejected 3 records")]
    [InlineData("\uFEFF \n{\"partialSuccess\":{\"rejectedLogRecords\":3}}", "rejected 3 records")]
    public async Task RefusedRecordsOfAPartialSuccessAreLookedForInSmallerBatches(string body, string reason)
    {
        await using var receiver = HttpReceiver.Start(new HttpReply(200, body));
        await using var destination = Open(SomeSettings.For(UrlOf(receiver)));

        Assert.Contains(reason, Assert.IsType<DeliveryOutcome.Rejected>(await destination.SendAsync(Batch(), Soon)).Reason);
    }

    [Theory]
    [InlineData("{\"partialSuccess\":{\"errorMessage\":\"slow down\"}}", "slow down")]
    [InlineData("{\"partialSuccess\":{}}", "HTTP 200")]
    [InlineData("", "HTTP 200")]
    public async Task AWarningIsDeliveredWithANote(string body, string note)
    {
        await using var receiver = HttpReceiver.Start(new HttpReply(200, body));
        await using var destination = Open(SomeSettings.For(UrlOf(receiver)));

        Assert.Contains(note, Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(Batch(), Soon)).Answer);
    }

    [Theory]
    [InlineData(400, typeof(DeliveryOutcome.Rejected))]
    [InlineData(500, typeof(DeliveryOutcome.Rejected))]
    [InlineData(507, typeof(DeliveryOutcome.Rejected))]
    [InlineData(408, typeof(DeliveryOutcome.Misconfigured))]
    [InlineData(425, typeof(DeliveryOutcome.Misconfigured))]
    [InlineData(501, typeof(DeliveryOutcome.Misconfigured))]
    [InlineData(502, typeof(DeliveryOutcome.Transient))]
    [InlineData(504, typeof(DeliveryOutcome.Transient))]
    public async Task OnlyWhatTheSpecificationNamesIsTriedAgain(int status, Type expected)
    {
        await using var receiver = HttpReceiver.Start(new HttpReply(status));
        await using var destination = Open(SomeSettings.For(UrlOf(receiver)));

        Assert.IsType(expected, await destination.SendAsync(Batch(), Soon));
    }

    [Fact]
    public async Task ATestSendsAnEmptyRequestFirst()
    {
        await using var receiver = HttpReceiver.Start(Accepted);
        await using var destination = Open(SomeSettings.For($"http://127.0.0.1:{receiver.Port}/v1/logs"));

        Assert.True((await destination.TestAsync(Batch(1), Soon)).Succeeded);

        Assert.Equal("{\"resourceLogs\":[]}", ToText(receiver.Requests[0].Body));
        Assert.All(receiver.Requests, request => Assert.StartsWith("POST /v1/logs ", request.RequestLine));
    }

    private async Task<string> BodyAsync(string message, string contentType) =>
        (await RecordAsync(SomeBatch.Of(message), contentType)).GetProperty("body").GetRawText();

    private async Task<JsonElement> RecordAsync(DeliveryBatch batch, string contentType)
    {
        await using var receiver = HttpReceiver.Start(Accepted);
        await using var destination = Open(SomeSettings.For(UrlOf(receiver)) with { Http = new(ContentType: contentType) });
        await destination.SendAsync(batch, Soon);
        return JsonDocument.Parse(receiver.Requests[0].PlainBody).RootElement
            .GetProperty("resourceLogs")[0].GetProperty("scopeLogs")[0].GetProperty("logRecords")[0];
    }
}
