using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Destinations.Http.Webhook;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.Tests.Destinations.Http.Webhook;

public sealed class WebhookSignatureTests
{
    private const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    private static CancellationToken Soon => new CancellationTokenSource(TimeSpan.FromSeconds(20)).Token;

    [Fact]
    public void ItAgreesWithTheVectorsOfTheSpecification()
    {
        var vectors = JsonDocument.Parse(File.ReadAllText(Support.RepositoryFiles.Shared("conformance", "webhook", "standard_webhooks_vectors.json"))).RootElement;
        Assert.All(vectors.EnumerateArray(), vector =>
        {
            var headers = new WebhookSignature([new Secret(vector.GetProperty("secret").GetString()!)]).Sign(
                vector.GetProperty("id").GetString()!,
                DateTimeOffset.FromUnixTimeSeconds(vector.GetProperty("timestamp").GetInt64()),
                Encoding.UTF8.GetBytes(vector.GetProperty("payload").GetString()!));

            Assert.Equal(vector.GetProperty("signature").GetString(), Assert.Single(headers, header => header.Key == "webhook-signature").Value);
        });
    }

    [Theory]
    [InlineData("whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==")]
    [InlineData("whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbc=")]
    public void AKeyPairSignsAsTheVectorOfTheSpecificationDoes(string secret)
    {
        var headers = new WebhookSignature([new Secret(secret)]).Sign(
            "msg_p5jXN8AQM9LWM0D4loKWxJek", DateTimeOffset.FromUnixTimeSeconds(1614265330), """{"test": 2432232314}"""u8);

        Assert.Equal(
            "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==",
            Assert.Single(headers, header => header.Key == "webhook-signature").Value);
    }

    [Theory]
    [InlineData(HttpBody.Single, false)]
    [InlineData(HttpBody.Array, true)]
    public async Task RequestsAreSignedOverTheBytesThatArriveAndKeepTheirIdWhenRepeated(HttpBody body, bool gzip)
    {
        await using var receiver = HttpReceiver.Start(new HttpReply(200));
        await using var destination = Open(receiver, Secret, body, gzip);
        var batch = SomeBatch.Json(body == HttpBody.Single ? 1 : 3);

        await destination.SendAsync(batch, Soon);
        await destination.SendAsync(batch, Soon);

        Assert.Equal(2, receiver.Requests.Count);
        Assert.Equal(receiver.Requests[0].FindHeader("webhook-id"), receiver.Requests[1].FindHeader("webhook-id"));
        Assert.All(receiver.Requests, request =>
        {
            byte[] signed = [.. Encoding.UTF8.GetBytes($"{request.FindHeader("webhook-id")}.{request.FindHeader("webhook-timestamp")}."), .. request.Body];
            var expected = Convert.ToBase64String(HMACSHA256.HashData(Convert.FromBase64String(Secret[6..]), signed));
            Assert.Equal($"v1,{expected}", request.FindHeader("webhook-signature"));
        });
    }

    [Fact]
    public async Task WhileOneSecretReplacesAnotherBothSign()
    {
        await using var receiver = HttpReceiver.Start(new HttpReply(200));
        await using var destination = Open(receiver, Secret + " whsec_" + Convert.ToBase64String(new byte[32]), HttpBody.Single, false);

        Assert.True((await destination.TestAsync(SomeBatch.Json(1), Soon)).Succeeded);

        Assert.Equal(2, Assert.Single(receiver.Requests).FindHeader("webhook-signature")!.Split(' ').Length);
    }

    [Theory]
    [InlineData("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    [InlineData("whsec_MfKQ9r8GKYqrTwjU")]
    [InlineData("whsec_%%%")]
    [InlineData("whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMQ==")]
    [InlineData("whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvw==")]
    public void ASecretThatIsNoneIsNamed(string secret) => Assert.Equal(
        "settings.signingSecret", Assert.Single(WebhookDestination.Kind.CheckSettings!(SomeSettings.Own(new { signingSecret = secret }))).Field);

    [Fact]
    public async Task TheSecretIsNeverShown()
    {
        await using var receiver = HttpReceiver.Start(new HttpReply(400, $"you signed with {Secret}"));
        await using var destination = Open(receiver, Secret, HttpBody.Array, false);

        Assert.DoesNotContain(Secret, (await destination.SendAsync(SomeBatch.Json(1), Soon)).ToString());
    }

    private static IDestination Open(HttpReceiver receiver, string secret, HttpBody body, bool gzip) => WebhookDestination.Kind.Open(
        SomeSettings.For($"http://127.0.0.1:{receiver.Port}/in") with { Http = new(body, gzip), Settings = SomeSettings.Own(new { signingSecret = secret }) },
        TimeProvider.System);
}
