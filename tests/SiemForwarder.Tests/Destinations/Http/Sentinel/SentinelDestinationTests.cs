using System.Text.Json;
using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Destinations.Http.Sentinel;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.Tests.Destinations.Http.Sentinel;

public sealed class SentinelDestinationTests : HttpDestinationContract, IAsyncDisposable
{
    private const string Rule = "dcr-00000000000000000000000000000000";

    private readonly HttpReceiver tokens;
    private int given;
    private Func<HttpReply>? tokenAnswer;

    public SentinelDestinationTests() => tokens = HttpReceiver.Start(_ => tokenAnswer?.Invoke()
        ?? new HttpReply(200, $"{{\"token_type\":\"Bearer\",\"expires_in\":3599,\"access_token\":\"t{++given}-{SecretText}\"}}"));

    protected override HttpReply Accepted => new(204);

    public ValueTask DisposeAsync() => tokens.DisposeAsync();

    internal override IDestination Open(DestinationSettings settings) => SentinelDestination.Kind.Open(
        settings with
        {
            Settings = SomeSettings.Own(new
            {
                tenantId = "tenant-1",
                clientId = "app-1",
                clientSecret = SecretText,
                ruleId = Rule,
                authority = $"http://127.0.0.1:{tokens.Port}",
            }),
        },
        TimeProvider.System);

    internal override DeliveryBatch Batch(int count = 2) => SomeBatch.Json(count);

    [Fact]
    public async Task EventsBecomeRowsOfTheStream()
    {
        await using var receiver = HttpReceiver.Start(Accepted);
        await using var destination = Open(SomeSettings.For($"http://127.0.0.1:{receiver.Port}") with { Http = new(Gzip: true) });

        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(Batch(), Soon));
        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(Batch(), Soon));

        var asked = Assert.Single(tokens.Requests);
        Assert.Equal("POST /tenant-1/oauth2/v2.0/token HTTP/1.1", asked.RequestLine);
        Assert.Equal("application/x-www-form-urlencoded", asked.FindHeader("Content-Type"));
        Assert.Equal(
            $"grant_type=client_credentials&client_id=app-1&client_secret={SecretText}&scope=https%3A%2F%2Fmonitor.azure.com%2F.default", ToText(asked.Body));
        var request = receiver.Requests[0];
        Assert.Equal($"POST /dataCollectionRules/{Rule}/streams/Custom-KeycloakEvents_CL?api-version=2023-01-01 HTTP/1.1", request.RequestLine);
        Assert.Equal($"Bearer t1-{SecretText}", request.FindHeader("Authorization"));
        Assert.NotNull(request.FindHeader("x-ms-client-request-id"));
        var row = JsonDocument.Parse(request.PlainBody).RootElement[1];
        Assert.Equal("2025-11-03T10:15:30.124Z", row.GetProperty("TimeGenerated").GetString());
        Assert.Equal(SomeBatch.IdOf(1), row.GetProperty("EventId").GetString());
        Assert.Equal("zoë", row.GetProperty("Username").GetString());
        Assert.Equal(5, row.GetProperty("Severity").GetInt32());
        Assert.Equal("{\"n\":1}", row.GetProperty("RawEvent").GetString());
        Assert.Equal(JsonValueKind.Null, row.GetProperty("ResourceType").ValueKind);
    }

    [Fact]
    public async Task ATokenThatEndedEarlyIsRenewedOnce()
    {
        var served = 0;
        await using var receiver = HttpReceiver.Start(request => new HttpReply(request.FindHeader("Authorization")!.Contains("t1-") && ++served > 1 ? 401 : 204));
        await using var destination = Open(SomeSettings.For($"http://127.0.0.1:{receiver.Port}"));

        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(Batch(), Soon));
        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(Batch(), Soon));

        Assert.Equal(2, given);
        Assert.Equal(3, receiver.Requests.Count);
    }

    [Theory]
    [InlineData(400, typeof(DeliveryOutcome.Misconfigured))]
    [InlineData(401, typeof(DeliveryOutcome.Misconfigured))]
    [InlineData(413, typeof(DeliveryOutcome.Misconfigured))]
    [InlineData(200, typeof(DeliveryOutcome.Misconfigured))]
    [InlineData(429, typeof(DeliveryOutcome.Transient))]
    [InlineData(503, typeof(DeliveryOutcome.Transient))]
    public async Task ARefusedTokenIsNotBlamedOnTheEvents(int status, Type expected)
    {
        tokenAnswer = () => new HttpReply(status, $"{{\"error\":\"invalid_client\",\"hint\":\"{SecretText}\"}}");
        await using var receiver = HttpReceiver.Start(Accepted);
        await using var destination = Open(SomeSettings.For(UrlOf(receiver)));

        var outcome = await destination.SendAsync(Batch(), Soon);
        var failed = Assert.Single((await destination.TestAsync(Batch(1), Soon)).Stages, stage => stage.Result == TestStageResult.Failed);

        Assert.IsType(expected, outcome);
        Assert.DoesNotContain(SecretText, outcome + failed.ToString());
        Assert.Empty(receiver.Requests);
        Assert.Equal(expected == typeof(DeliveryOutcome.Misconfigured) ? TestStageName.Authentication : TestStageName.Acceptance, failed.Name);
    }

    [Fact]
    public async Task ATestSendsAnEmptyArrayFirst()
    {
        await using var receiver = HttpReceiver.Start(Accepted);
        await using var destination = Open(SomeSettings.For(UrlOf(receiver)));

        var report = await destination.TestAsync(Batch(1), Soon);

        Assert.True(report.Succeeded, string.Join('\n', report.Stages));
        Assert.Equal("[]", ToText(receiver.Requests[0].Body));
        Assert.Contains("Authorization: Bearer ***\r\n", ToText(report.Sent));
        Assert.Contains($"KeycloakEvents_CL | where EventId == \"{SomeBatch.IdOf(0)}\"", report.Stages[4].Detail);
    }

    [Fact]
    public async Task AMissingRoleIsNamed()
    {
        await using var receiver = HttpReceiver.Start(new HttpReply(403, "{\"error\":{\"code\":\"OperationFailed\"}}"));
        await using var destination = Open(SomeSettings.For(UrlOf(receiver)));

        Assert.Contains("Monitoring Metrics Publisher", Assert.IsType<DeliveryOutcome.Misconfigured>(await destination.SendAsync(Batch(), Soon)).Reason);
    }

    [Theory]
    [InlineData("InvalidStream", "settings.stream")]
    [InlineData("InvalidDcrImmutableId", "settings.ruleId")]
    [InlineData("InvalidLogTableName", "table")]
    public async Task ABadRequestForASettingHoldsTheIntegrationAndNamesTheSetting(string code, string named)
    {
        await using var receiver = HttpReceiver.Start(new HttpReply(400, $"{{\"error\":{{\"code\":\"{code}\",\"message\":\"no\"}}}}"));
        await using var destination = Open(SomeSettings.For(UrlOf(receiver)));

        Assert.Contains(named, Assert.IsType<DeliveryOutcome.Misconfigured>(await destination.SendAsync(Batch(), Soon)).Reason);
    }

    [Theory]
    [InlineData("{\"error\":{\"code\":\"InvalidPayload\",\"message\":\"the InvalidStream of words\"}}")]
    [InlineData("{\"error\":\"InvalidStream\"}")]
    [InlineData("InvalidStream")]
    public async Task AnyOtherBadRequestIsAboutTheEvents(string body)
    {
        await using var receiver = HttpReceiver.Start(new HttpReply(400, body));
        await using var destination = Open(SomeSettings.For(UrlOf(receiver)));

        Assert.IsType<DeliveryOutcome.Rejected>(await destination.SendAsync(Batch(), Soon));
    }

    [Fact]
    public async Task EveryRequestHasAnIdOfItsOwn()
    {
        await using var receiver = HttpReceiver.Start(Accepted);
        await using var destination = Open(SomeSettings.For(UrlOf(receiver)));

        await destination.TestAsync(Batch(1), Soon);
        await destination.SendAsync(Batch(), Soon);

        Assert.Equal(3, receiver.Requests.Select(request => Guid.Parse(request.FindHeader("x-ms-client-request-id")!)).Distinct().Count());
    }

    [Fact]
    public void MissingSettingsAreNamed() => Assert.Equal(
        ["settings.clientId", "settings.clientSecret", "settings.ruleId", "settings.tenantId"],
        SentinelDestination.Kind.CheckSettings!(SomeSettings.Own(new { ruleId = "my-rule" })).Select(fault => fault.Field).Order());
}
