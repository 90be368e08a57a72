using SiemForwarder.Destinations;
using SiemForwarder.Destinations.Http;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.Tests.Destinations.Http;

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

    [Fact]
    public void AMissingKeyIsNamed() =>
        Assert.Equal("settings.apiKey", Assert.Single(DatadogDestination.Kind.CheckSettings!(null)).Field);
}
