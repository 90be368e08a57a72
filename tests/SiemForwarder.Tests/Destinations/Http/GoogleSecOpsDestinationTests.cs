using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Web;
using SiemForwarder.Destinations;
using SiemForwarder.Destinations.Http;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.Tests.Destinations.Http;

public sealed class GoogleSecOpsDestinationTests : HttpDestinationContract, IAsyncDisposable
{
    private const string Instance = "projects/p1/locations/eu/instances/0a1b";

    private readonly RSA key = RSA.Create(2048);
    private readonly HttpReceiver tokens = HttpReceiver.Start(new HttpReply(200, $"{{\"access_token\":\"{SecretText}\",\"expires_in\":3599}}"));

    protected override HttpReply Accepted => new(200, "{}");

    public ValueTask DisposeAsync()
    {
        key.Dispose();
        return tokens.DisposeAsync();
    }

    protected override int WireLimit => 3_000_000;

    internal override IDestination Open(DestinationSettings settings) => OpenWith(settings, new { instance = Instance, serviceAccountKey = KeyFile() });

    internal override DeliveryBatch Batch(int count = 2) => SomeBatch.Json(count);

    [Fact]
    public async Task EventsAreImportedAsRawLogs()
    {
        await using var receiver = HttpReceiver.Start(Accepted);
        await using var destination = Open(SomeSettings.For($"http://127.0.0.1:{receiver.Port}") with { Http = new(Gzip: true) });

        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(Batch(), Soon));
        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(Batch(), Soon));

        var request = receiver.Requests[0];
        Assert.Equal($"POST /v1/{Instance}/logTypes/KEYCLOAK/logs:import HTTP/1.1", request.RequestLine);
        Assert.Equal("Bearer " + SecretText, request.FindHeader("Authorization"));
        Assert.Equal(
            """
            {"inlineSource":{"logs":[{"data":"eyJuIjowfQ==","logEntryTime":"2025-11-03T10:15:30.123Z","collectionTime":"2025-11-03T10:15:31.000Z"},{"data":"eyJuIjoxfQ==","logEntryTime":"2025-11-03T10:15:30.124Z","collectionTime":"2025-11-03T10:15:31.001Z"}]}}
            """,
            ToText(request.PlainBody));
        Assert.Single(tokens.Requests);
    }

    [Fact]
    public async Task EventsOfTheUnifiedDataModelAreImportedPastEveryParser()
    {
        await using var receiver = HttpReceiver.Start(Accepted);
        await using var destination = OpenWith(SomeSettings.For($"http://127.0.0.1:{receiver.Port}"), new { mode = "udm", instance = Instance, serviceAccountKey = KeyFile() });

        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(Batch(), Soon));

        var request = Assert.Single(receiver.Requests);
        Assert.Equal($"POST /v1/{Instance}/events:import HTTP/1.1", request.RequestLine);
        Assert.Equal("""{"inlineSource":{"events":[{"udm":{"n":0}},{"udm":{"n":1}}]}}""", ToText(request.Body));
    }

    [Fact]
    public async Task TheServiceAccountSignsForItsToken()
    {
        await using var receiver = HttpReceiver.Start(Accepted);
        await using var destination = Open(SomeSettings.For(UrlOf(receiver)));

        await destination.SendAsync(Batch(), Soon);

        var form = HttpUtility.ParseQueryString(ToText(Assert.Single(tokens.Requests).Body));
        Assert.Equal("urn:ietf:params:oauth:grant-type:jwt-bearer", form["grant_type"]);
        var parts = form["assertion"]!.Split('.');
        Assert.True(key.VerifyData(Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), Base64Url.DecodeFromChars(parts[2]), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
        var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[1])).RootElement;
        Assert.Equal("svc@p1.iam.gserviceaccount.com", claims.GetProperty("iss").GetString());
        Assert.Equal($"http://127.0.0.1:{tokens.Port}/token", claims.GetProperty("aud").GetString());
        Assert.Equal(3600, claims.GetProperty("exp").GetInt64() - claims.GetProperty("iat").GetInt64());
    }

    [Fact]
    public async Task AFeedGetsLinesAndItsTwoKeys()
    {
        await using var receiver = HttpReceiver.Start(Accepted);
        await using var destination = OpenWith(SomeSettings.For($"http://127.0.0.1:{receiver.Port}/v1/feeds/1:importPushLogs"), new { mode = "feed", apiKey = "k-1", feedSecret = SecretText });

        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(Batch(), Soon));

        var request = Assert.Single(receiver.Requests);
        Assert.Equal("POST /v1/feeds/1:importPushLogs HTTP/1.1", request.RequestLine);
        Assert.Equal("k-1", request.FindHeader("X-goog-api-key"));
        Assert.Equal(SecretText, request.FindHeader("X-Webhook-Access-Key"));
        Assert.Equal("{\"n\":0}\n{\"n\":1}\n", ToText(request.Body));
    }

    [Fact]
    public void WrongSettingsAreNamed()
    {
        var check = GoogleSecOpsDestination.Kind.CheckSettings!;

        Assert.Equal(["settings.instance", "settings.serviceAccountKey"], check(SomeSettings.Own(new { serviceAccountKey = "{\"client_email\":\"x\"}" })).Select(fault => fault.Field).Order());
        Assert.Equal("settings.feedSecret", Assert.Single(check(SomeSettings.Own(new { mode = "feed", apiKey = "k" }))).Field);
        Assert.Empty(check(SomeSettings.Own(new { instance = Instance, serviceAccountKey = KeyFile() })));
    }

    private static IDestination OpenWith(DestinationSettings settings, object own) =>
        GoogleSecOpsDestination.Kind.Open(settings with { Settings = SomeSettings.Own(own) }, TimeProvider.System);

    private string KeyFile() => JsonSerializer.Serialize(new
    {
        type = "service_account",
        client_email = "svc@p1.iam.gserviceaccount.com",
        private_key_id = "k1",
        private_key = key.ExportPkcs8PrivateKeyPem(),
        token_uri = $"http://127.0.0.1:{tokens.Port}/token",
    });
}
