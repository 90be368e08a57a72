using SiemForwarder.Destinations;
using SiemForwarder.Simulator.Receivers;
using SiemForwarder.Tests.Destinations.Http;

namespace SiemForwarder.Tests.Destinations.Trial;

public sealed class AcmeDestinationTests : HttpDestinationContract
{
    internal override IDestination Open(DestinationSettings settings) =>
        AcmeDestination.Kind.Open(settings with { Settings = SomeSettings.Own(new { key = SecretText }) }, TimeProvider.System);

    internal override DeliveryBatch Batch(int count = 2) => SomeBatch.Json(count);

    [Fact]
    public async Task EventsAreLinesBehindTheKey()
    {
        await using var receiver = HttpReceiver.Start(Accepted);
        await using var destination = Open(SomeSettings.For($"http://127.0.0.1:{receiver.Port}"));

        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(Batch(), Soon));

        var request = Assert.Single(receiver.Requests);
        Assert.Equal("POST /v1/events HTTP/1.1", request.RequestLine);
        Assert.Equal(SecretText, request.FindHeader("X-Acme-Key"));
        Assert.Equal("{\"n\":0}\n{\"n\":1}\n", ToText(request.PlainBody));
    }
}
