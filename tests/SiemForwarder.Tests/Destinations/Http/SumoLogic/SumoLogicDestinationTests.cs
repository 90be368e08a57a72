using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Destinations.Http.SumoLogic;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.Tests.Destinations.Http.SumoLogic;

public sealed class SumoLogicDestinationTests : HttpDestinationContract
{
    internal override IDestination Open(DestinationSettings settings) => OpenWith(settings, SecretText);

    internal override DeliveryBatch Batch(int count = 2) => SomeBatch.Json(count);

    [Theory]
    [InlineData(SecretText)]
    [InlineData("https://endpoint4.collection.eu.sumologic.com/receiver/v1/http/" + SecretText)]
    [InlineData("https://endpoint4.collection.eu.sumologic.com/receiver/v1/http/" + SecretText + "/")]
    public async Task EventsBecomeLinesToTheAddressThatIsTheSecret(string code)
    {
        await using var receiver = HttpReceiver.Start(Accepted);
        await using var destination = OpenWith(SomeSettings.For($"http://127.0.0.1:{receiver.Port}") with { Http = new(Gzip: true) }, code);

        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(Batch(), Soon));

        var request = Assert.Single(receiver.Requests);
        Assert.Equal($"POST /receiver/v1/http/{SecretText} HTTP/1.1", request.RequestLine);
        Assert.Equal("iam/keycloak", request.FindHeader("X-Sumo-Category"));
        Assert.Equal("{\"n\":0}\n{\"n\":1}\n", ToText(request.PlainBody));
    }

    [Fact]
    public void AnAddressWithItsCodeIsRefusedAsServerUrlWithoutRepeatingIt()
    {
        var sentence = SumoLogicDestination.Kind.CheckServerUrl!(new Uri($"https://endpoint4.collection.eu.sumologic.com/receiver/v1/http/{SecretText}"));

        Assert.Contains("settings.code", sentence);
        Assert.DoesNotContain(SecretText, sentence);
        Assert.Null(SumoLogicDestination.Kind.CheckServerUrl!(new Uri("https://endpoint4.collection.eu.sumologic.com/")));
    }

    [Fact]
    public async Task ATestHidesTheAddress()
    {
        await using var receiver = HttpReceiver.Start(Accepted);
        await using var destination = Open(SomeSettings.For($"http://127.0.0.1:{receiver.Port}"));

        var report = await destination.TestAsync(Batch(1), Soon);

        Assert.True(report.Succeeded);
        Assert.StartsWith("POST /receiver/v1/http/*** HTTP/1.1\r\n", ToText(report.Sent));
        Assert.EndsWith($"To see it: Live Tail, _sourceCategory=iam/keycloak \"{SomeBatch.IdOf(0)}\"", report.Stages[4].Detail);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(401)]
    [InlineData(404)]
    [InlineData(422)]
    public async Task AnAddressThatIsNotKnownIsToBeCopiedAgain(int status)
    {
        await using var receiver = HttpReceiver.Start(new HttpReply(status));
        await using var destination = Open(SomeSettings.For(UrlOf(receiver)));

        Assert.Contains("settings.code", Assert.IsType<DeliveryOutcome.Misconfigured>(await destination.SendAsync(Batch(), Soon)).Reason);
    }

    private static IDestination OpenWith(DestinationSettings settings, string code) => SumoLogicDestination.Kind.Open(
        settings with { Settings = SomeSettings.Own(new { code, category = "iam/keycloak" }) }, TimeProvider.System);
}
