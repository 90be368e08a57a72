using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Web;
using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Destinations.Http.Google;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.Tests.Destinations.Http.Google;

public sealed class GoogleSecOpsDestinationTests : HttpDestinationContract, IAsyncDisposable
{
    private const string Customer = "c0ffee00-0000-4000-8000-000000000001";
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

    [Theory]
    [InlineData("legacy", "unstructuredlogentries:batchCreate",
        """{"customer_id":"c0ffee00-0000-4000-8000-000000000001","log_type":"KEYCLOAK","entries":[{"log_text":"{\"n\":0}","ts_rfc3339":"2025-11-03T10:15:30.123Z"},{"log_text":"{\"n\":1}","ts_rfc3339":"2025-11-03T10:15:30.124Z"}]}""")]
    [InlineData("legacyUdm", "udmevents:batchCreate", """{"customer_id":"c0ffee00-0000-4000-8000-000000000001","events":[{"n":0},{"n":1}]}""")]
    public async Task TheOlderApiTakesTextAndUdm(string mode, string path, string body)
    {
        await using var receiver = HttpReceiver.Start(Accepted);
        await using var destination = OpenLegacy(receiver, mode);

        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(Batch(), Soon));

        var request = Assert.Single(receiver.Requests);
        Assert.Equal($"POST /v2/{path} HTTP/1.1", request.RequestLine);
        Assert.Equal("Bearer " + SecretText, request.FindHeader("Authorization"));
        Assert.Equal(body, ToText(request.Body));
        var assertion = HttpUtility.ParseQueryString(ToText(Assert.Single(tokens.Requests).Body))["assertion"]!;
        Assert.Equal(
            "https://www.googleapis.com/auth/malachite-ingestion",
            JsonDocument.Parse(Base64Url.DecodeFromChars(assertion.Split('.')[1])).RootElement.GetProperty("scope").GetString());
    }

    [Fact]
    public async Task AFullBatchOfTheOlderApiStaysBelowItsLimit()
    {
        await using var receiver = HttpReceiver.Start(Accepted);
        await using var destination = OpenLegacy(receiver, "legacy");
        var document = $"{{{string.Join(',', Enumerable.Range(0, 30).Select(number => $"\"key{number:D5}\":\"val{number:D5}\""))}}}";
        var count = Math.Min(destination.Limits.MaxEvents, destination.Limits.MaxBytes / document.Length);

        await destination.SendAsync(SomeBatch.Json(count, _ => document), Soon);

        Assert.InRange(receiver.Requests[0].PlainBody.Length, 500_000, 1_000_000);
    }

    [Theory]
    [InlineData("""{"log_types":[{"log_type":"OKTA"},{"log_type":"KEYCLOAK","description":"Keycloak"}]}""", null)]
    [InlineData("""{"log_types":[{"log_type":"KEYCLOAK_X"}]}""", "settings.logType")]
    public async Task ATestOfTheOlderApiAsksForItsLogTypes(string list, string? advice)
    {
        await using var receiver = HttpReceiver.Start(request => request.RequestLine.StartsWith("GET", StringComparison.Ordinal) ? new HttpReply(200, list) : Accepted);
        await using var destination = OpenLegacy(receiver, "legacy");

        var report = await destination.TestAsync(Batch(1), Soon);

        Assert.Equal("GET /v2/logtypes HTTP/1.1", receiver.Requests[0].RequestLine);
        Assert.Equal("Bearer " + SecretText, receiver.Requests[0].FindHeader("Authorization"));
        Assert.Equal(advice is null, report.Succeeded);
        Assert.Equal(advice is null, report.Stages[4].Detail.EndsWith($"Raw Log Search for {SomeBatch.IdOf(0)}", StringComparison.Ordinal));
        Assert.Equal(advice is null ? 2 : 1, receiver.Requests.Count);
        Assert.All(report.Stages.Where(stage => stage.Result == TestStageResult.Failed), stage => Assert.Contains(advice!, stage.Advice));
    }

    [Theory]
    [InlineData("api")]
    [InlineData("legacy")]
    [InlineData("feed")]
    public async Task AnEventCanBeTheChangeRecordThatGooglesOwnParserReads(string mode)
    {
        await using var receiver = HttpReceiver.Start(Accepted);
        await using var destination = OpenWith(
            SomeSettings.For($"http://127.0.0.1:{receiver.Port}"),
            new { mode, instance = Instance, customerId = Customer, serviceAccountKey = KeyFile(), apiKey = "k-1", feedSecret = SecretText, envelope = "changeRecord" });

        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(Batch(), Soon));

        var body = ToText(receiver.Requests[0].Body);
        var record = mode switch
        {
            "api" => Encoding.UTF8.GetString(JsonDocument.Parse(body).RootElement.GetProperty("inlineSource").GetProperty("logs")[1].GetProperty("data").GetBytesFromBase64()),
            "legacy" => JsonDocument.Parse(body).RootElement.GetProperty("entries")[1].GetProperty("log_text").GetString()!,
            _ => body.Split('\n')[1],
        };
        Assert.Equal(
            $$$"""
            {"uuid":"{{{SomeBatch.IdOf(1)}}}","read_timestamp":"2025-11-03T10:15:31.001Z","source_timestamp":"2025-11-03T10:15:30.124Z","object":"public_event_entity","source_metadata":{"schema":"public","table":"event_entity","is_deleted":false,"change_type":"INSERT"},"payload":{"id":"{{{SomeBatch.IdOf(1)}}}","realm_id":"prod","ip_address":"192.0.2.10","error":"invalid_user_credentials","type":"LOGIN_ERROR","event_time":1762164930124,"client_id":"shop","user_id":"u-1","session_id":"s-1","details_json":"{}"}}
            """,
            record);
    }

    [Fact]
    public void AnAdminEventIsARowOfTheOtherTable()
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            KeycloakChangeRecord.Write(writer, SomeBatch.Json(1).Events[0] with
            {
                Kind = SiemForwarder.Events.EventKind.Admin,
                Type = "CREATE-USER",
                RealmId = "r-1",
                Reason = null,
                Admin = new("CREATE", "USER", "users/u-2", "u-2", "{\"username\":\"bob\"}"),
                Details = [new("a", "\"}{"), new("a", "2")],
            });
        }

        var record = JsonDocument.Parse(stream.ToArray()).RootElement;
        var row = record.GetProperty("payload");
        Assert.Equal("admin_event_entity", record.GetProperty("source_metadata").GetProperty("table").GetString());
        Assert.Equal("CREATE USER users/u-2 r-1", string.Join(' ', new[] { "operation_type", "resource_type", "resource_path", "realm_id" }.Select(name => row.GetProperty(name).GetString())));
        Assert.Equal("prod u-1", $"{row.GetProperty("auth_realm_id").GetString()} {row.GetProperty("auth_user_id").GetString()}");
        Assert.Equal("2", JsonDocument.Parse(row.GetProperty("details_json").GetString()!).RootElement.GetProperty("a").GetString());
        Assert.Equal(JsonValueKind.Null, row.GetProperty("error").ValueKind);
        Assert.DoesNotContain("bob", record.GetRawText());
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
        Assert.Equal("settings.customerId", Assert.Single(check(SomeSettings.Own(new { mode = "legacy", customerId = "c", serviceAccountKey = KeyFile() }))).Field);
        Assert.Equal(
            "settings.envelope",
            Assert.Single(check(SomeSettings.Own(new { mode = "legacyUdm", customerId = Customer, envelope = "changeRecord", serviceAccountKey = KeyFile() }))).Field);
    }

    private static IDestination OpenWith(DestinationSettings settings, object own) =>
        GoogleSecOpsDestination.Kind.Open(settings with { Settings = SomeSettings.Own(own) }, TimeProvider.System);

    private IDestination OpenLegacy(HttpReceiver receiver, string mode) =>
        OpenWith(SomeSettings.For($"http://127.0.0.1:{receiver.Port}"), new { mode, customerId = Customer, serviceAccountKey = KeyFile() });

    private string KeyFile() => JsonSerializer.Serialize(new
    {
        type = "service_account",
        client_email = "svc@p1.iam.gserviceaccount.com",
        private_key_id = "k1",
        private_key = key.ExportPkcs8PrivateKeyPem(),
        token_uri = $"http://127.0.0.1:{tokens.Port}/token",
    });
}
