using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Destinations.Http.Datadog;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.Tests.Destinations.Http.Datadog;

public sealed class DatadogDestinationTests : HttpDestinationContract
{
    protected override HttpReply Accepted => new(202, "{}");

    protected override int WireLimit => 4_000_000;

    internal override IDestination Open(DestinationSettings settings) => DatadogDestination.Kind.Open(
        settings with { Settings = SomeSettings.Own(new { apiKey = SecretText, tags = "env:prod" }) }, TimeProvider.System);

    internal override DeliveryBatch Batch(int count = 2) => SomeBatch.Json(count);

    [Fact]
    public async Task EventsBecomeEntriesWithDatadogsAttributes()
    {
        await using var receiver = HttpReceiver.Start(Accepted);
        await using var destination = Open(SomeSettings.For(UrlOf(receiver)) with { Http = new(Gzip: true) });

        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(Batch(1), Soon));

        var request = Assert.Single(receiver.Requests);
        Assert.Equal("POST /in/api/v2/logs HTTP/1.1", request.RequestLine);
        Assert.Equal(SecretText, request.FindHeader("DD-API-KEY"));
        Assert.Equal("gzip", request.FindHeader("Content-Encoding"));
        Assert.Equal(
            $$$"""
            [{"ddsource":"keycloak-siem","service":"keycloak","hostname":"kc.example.com","ddtags":"env:prod","timestamp":1762164930123,"status":"warn","message":"User login failed","evt":{"id":"{{{SomeBatch.IdOf(0)}}}","name":"LOGIN_ERROR","category":"authentication","outcome":"failure"},"usr":{"id":"u-1","name":"zoë"},"network":{"client":{"ip":"192.0.2.10"}},"keycloak":{"n":0}}]
            """,
            ToText(request.PlainBody));
    }

    [Theory]
    [InlineData(200, true, "accepts the API key")]
    [InlineData(403, false, "does not accept the API key")]
    [InlineData(500, true, "the test event will show")]
    [InlineData(0, true, "could not be reached")]
    public async Task ATestAsksTheApiFirstWhetherItKnowsTheKey(int status, bool succeeds, string said)
    {
        await using var receiver = HttpReceiver.Start(Accepted);
        await using var api = HttpReceiver.Start(request => new HttpReply(status, $"{{\"valid\":true,\"echo\":\"{request.FindHeader("DD-API-KEY")}\"}}"));
        var apiUrl = $"http://127.0.0.1:{(status == 0 ? UnusedPort() : api.Port)}";
        await using var destination = DatadogDestination.Kind.Open(
            SomeSettings.For(UrlOf(receiver)) with { Settings = SomeSettings.Own(new { apiKey = SecretText, apiUrl }) }, TimeProvider.System);

        var report = await destination.TestAsync(Batch(1), Soon);

        Assert.Equal(succeeds, report.Succeeded);
        Assert.Equal(succeeds ? 1 : 0, receiver.Requests.Count);
        Assert.Contains(said, report.Stages[3].Detail);
        Assert.DoesNotContain(SecretText, string.Join(' ', report.Stages));
        Assert.All(api.Requests, request => Assert.Equal("GET /api/v1/validate HTTP/1.1", request.RequestLine));
        Assert.All(api.Requests, request => Assert.Equal(SecretText, request.FindHeader("DD-API-KEY")));
    }

    [Theory]
    [InlineData("https://http-intake.logs.datadoghq.eu", "https://api.datadoghq.eu/")]
    [InlineData("https://http-intake.logs.us2.ddog-gov.com:443/api/v2/logs", "https://api.us2.ddog-gov.com/")]
    [InlineData("https://proxy.example.com", null)]
    public void TheApiIsThatOfTheSite(string serverUrl, string? api) =>
        Assert.Equal(api, DatadogSettings.Read(new SettingReader(null)).ApiUrlFor(new Uri(serverUrl))?.AbsoluteUri);

    [Fact]
    public void AMissingKeyIsNamed() =>
        Assert.Equal("settings.apiKey", Assert.Single(DatadogDestination.Kind.CheckSettings!(null)).Field);
}
