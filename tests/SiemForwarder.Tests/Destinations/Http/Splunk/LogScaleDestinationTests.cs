using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Destinations.Http.Splunk;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.Tests.Destinations.Http.Splunk;

public sealed class LogScaleDestinationTests : HttpDestinationContract
{
    protected override int WireLimit => 5_000_000;

    internal override IDestination Open(DestinationSettings settings) => OpenWith(settings, new { token = SecretText });

    internal override DeliveryBatch Batch(int count = 2) => SomeBatch.Json(count);

    [Theory]
    [InlineData(null, "/in/api/v1/ingest/hec")]
    [InlineData("/services/collector", "/in/services/collector")]
    public async Task EventsBecomeEnvelopesOnThePathOfTheConnector(string? path, string expected)
    {
        await using var receiver = HttpReceiver.Start(Accepted);
        await using var destination = OpenWith(SomeSettings.For(UrlOf(receiver)), new { token = SecretText, path });

        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(Batch(1), Soon));

        var request = Assert.Single(receiver.Requests);
        Assert.Equal($"POST {expected} HTTP/1.1", request.RequestLine);
        Assert.Equal("Bearer " + SecretText, request.FindHeader("Authorization"));
        Assert.Equal(
            "{\"time\":1762164930.123,\"host\":\"kc.example.com\",\"source\":\"keycloak:main\",\"fields\":{\"realm\":\"prod\"},\"event\":{\"n\":0}}\n",
            ToText(request.Body));
    }

    [Theory]
    [InlineData("api/v1")]
    [InlineData("/a b")]
    public void APathThatIsNoneIsNamed(string path) =>
        Assert.Equal("settings.path", Assert.Single(LogScaleDestination.Kind.CheckSettings!(SomeSettings.Own(new { token = "x", path }))).Field);

    private static IDestination OpenWith(DestinationSettings settings, object own) =>
        LogScaleDestination.Kind.Open(settings with { Settings = SomeSettings.Own(own) }, TimeProvider.System);
}
