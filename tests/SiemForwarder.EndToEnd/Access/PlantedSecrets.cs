using System.Buffers;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using SiemForwarder.Destinations;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Access;

/// <summary>Secrets that are marked, in every place that takes one, and servers that repeat whatever they are sent.</summary>
internal sealed class PlantedSecrets : IAsyncDisposable
{
    /// <summary>A variable of the service that holds a secret, and the reference to it.</summary>
    public const string Variable = "SIEM_SECRET_HUNT";

    private const string AccessToken = "t0ken-m4rk-of-the-realm";

    private readonly Dictionary<string, string> marks = new(StringComparer.Ordinal) { ["access token"] = AccessToken };
    private readonly Dictionary<string, string> inEvents = new(StringComparer.Ordinal);
    private readonly HttpReceiver echo = HttpReceiver.Start(Echo);
    private readonly CertificateAuthority authority = new("Own", TimeProvider.System);
    private readonly HttpReceiver secured;
    private readonly HttpReceiver rejecting = HttpReceiver.Start(request => Echo(request) with { Status = 400 });

    public PlantedSecrets() => secured = HttpReceiver.Start(
        Echo, new SslServerAuthenticationOptions { ServerCertificate = authority.IssueServer("127.0.0.1"), ClientCertificateRequired = false });

    /// <summary>The marks by the places that they were planted at.</summary>
    public IReadOnlyDictionary<string, string> Marks => marks;

    /// <summary>Everything that the servers were sent.</summary>
    public string Sent => string.Concat(echo.Requests.Concat(rejecting.Requests).Select(request => $"{request.Head}{Encoding.UTF8.GetString(request.PlainBody)}\n"));

    /// <summary>How many requests the servers got.</summary>
    public int Requests => echo.Requests.Count + rejecting.Requests.Count;

    /// <summary>The secret of the variable.</summary>
    public string OfVariable() => Mark("variable of the service");

    /// <summary>What creates a source of each kind and credential.</summary>
    public IReadOnlyList<JsonObject> Sources() =>
    [
        Source("shared", new { clientSecret = Mark("clientSecret") }),
        Source("given", new { clientSecret = Mark("clientSecret of a realm that gives a token") }, realm: "gives"),
        Source("assertion", new { authentication = "private-key-jwt", privateKey = Key("privateKey", out _) }),
        Source("certificate", new { authentication = "mutual-tls", clientKey = Key("clientKey", out var certificate), clientCertificate = certificate, caCertificate = authority.Pem }, https: true),
        Inbox("key", new { key = Mark("key"), secondKey = Mark("secondKey") }),
        Inbox("hmac", new { authentication = "hmac", key = Mark("hmac key") }),
        Inbox("webhooks", new { authentication = "standard-webhooks", key = $"whsec_{Bytes("webhooks key")}" }),
    ];

    /// <summary>What creates an integration of each kind with all its secrets; two for the first, whose events are refused for good.</summary>
    public IReadOnlyList<JsonObject> Integrations() =>
    [
        Http("webhook", new { type = "bearer", token = Mark("token") }, new { signingSecret = $"whsec_{Bytes("signingSecret")}" }),
        Http("webhook", new { type = "header", header = $"X-Own-Key: {Mark("header")}" }, null, rejecting),
        Http("webhook", new { type = "basic", username = "u", password = Mark("password") }, null),
        Http("webhook", new { type = "bearer", token = $"env:{Variable}" }, null),
        Http("splunk_hec", null, new { token = Mark("settings.token") }),
        Http("logscale", null, new { token = Mark("settings.token of logscale") }),
        Http("elastic", null, new { apiKey = Mark("settings.apiKey") }),
        Http("otlp", new { type = "bearer", token = Mark("token of otlp") }, null),
        Http("datadog", null, new { apiKey = Mark("settings.apiKey of datadog", 32), apiUrl = Url(echo) }),
        Http("sumo_logic", null, new { code = Mark("settings.code") }),
        Http("sentinel", null, new
        {
            tenantId = Guid.NewGuid(), clientId = Guid.NewGuid(), clientSecret = Mark("settings.clientSecret"), ruleId = "dcr-" + new string('0', 32),
            authority = Url(echo),
        }),
        Http("google_secops", null, new { mode = "feed", apiKey = Mark("settings.apiKey of google"), feedSecret = Mark("settings.feedSecret") }),
        Http("google_secops", null, new
        {
            instance = "projects/p/locations/eu/instances/c",
            serviceAccountKey = new JsonObject
            {
                ["client_email"] = "a@b.example", ["private_key"] = Key("settings.serviceAccountKey", out _), ["token_uri"] = Url(echo),
            }.ToJsonString(),
        }),
        Http("s3", null, new { bucket = "audit", accessKeyId = "AKIAHUNT", secretAccessKey = Mark("settings.secretAccessKey") }),
        Other("syslog", $"tls://127.0.0.1:{secured.Port}", null, "tls.clientKey"),
        Other("relp", "tcp://127.0.0.1:9", null, null),
        Other("rabbitmq", "amqp://127.0.0.1:9", new { type = "basic", username = "u", password = Mark("password of rabbitmq") }, null, new { routingKey = "q" }),
        Other("kafka", "kafka://127.0.0.1:9", new { type = "basic", username = "u", password = Mark("password of kafka") }, null, new { topic = "t" }),
        Other("azure_event_hubs", "kafkas://127.0.0.1:9", null, null, new
        {
            eventHub = "e", connectionString = $"Endpoint=sb://127.0.0.1/;SharedAccessKeyName=send;SharedAccessKey={Mark("settings.connectionString")}",
        }),
    ];

    /// <summary>Requests that are refused, whose answers and records must not repeat them.</summary>
    public IReadOnlyList<(string Path, string Body)> Refused() =>
    [
        ("/api/v1/sources", $$$"""{"name":"r","keycloak":{"baseUrl":"http://u:{{{Mark("password in a URL of Keycloak")}}}@127.0.0.1:9","realm":"r","clientId":"c","clientSecret":"s"}}"""),
        ("/api/v1/sources", $$$"""{"name":"r","keycloak":{"baseUrl":"http://127.0.0.1:9","realm":"r","clientId":"c","proxy":"http://u:{{{Mark("password of a proxy")}}}@p:1"}}"""),
        ("/api/v1/sources", $$$"""{"name":"r","keycloak":{"baseUrl":"http://127.0.0.1:9","realm":"r","clientId":"c","authentication":"private-key-jwt","privateKey":"-----BEGIN PRIVATE KEY-----\n{{{Mark("broken private key")}}}"}}"""),
        ("/api/v1/sources", $$$"""{"name":"r","kind":"http","inbox":{"authentication":"standard-webhooks","key":"{{{Mark("key without its prefix")}}}"}}"""),
        ("/api/v1/sources", $$$"""{"name":"r","kind":"http","inbox":{"key":["{{{Mark("key of the wrong type")}}}"]}}"""),
        ("/api/v1/sources", $$$"""{"name":"r","kind":"http","inbox":{"key":"{{{Mark("key in broken JSON")}}}" "x"}}"""),
        ("/api/v1/integrations", $$$"""{"name":"r","serverUrl":"https://u:{{{Mark("password in a URL")}}}@127.0.0.1:9/"}"""),
        ("/api/v1/integrations", $$$"""{"name":"r","serverUrl":"https://127.0.0.1:9/","http":{"proxy":"http://u:{{{Mark("password of a proxy of an integration")}}}@p:1"}}"""),
        ("/api/v1/integrations", $$$"""{"name":"r","serverUrl":"https://127.0.0.1:9/","authentication":{"type":"header","header":"No {{{Mark("header line")}}}"}}"""),
        ("/api/v1/integrations", $$$"""{"name":"r","serverUrl":"https://127.0.0.1:9/","authentication":{"type":"bearer","token":"a\u0000{{{Mark("token with a control character")}}}"}}"""),
        ("/api/v1/integrations", $$$"""{"name":"r","serverUrl":"https://127.0.0.1:9/","authentication":{"type":"bearer","tokens":"{{{Mark("token under a wrong name")}}}"}}"""),
        ("/api/v1/integrations", $$$"""{"name":"r","serverUrl":"https://127.0.0.1:9/","settings":{"signingSecret":"{{{Mark("signing secret without its prefix")}}}"}}"""),
        ("/api/v1/integrations", $$$"""{"name":"r","serverUrl":"tls://127.0.0.1:9/","tls":{"clientKey":"{{{Mark("broken client key")}}}","clientCertificate":"x"}}"""),
        ("/api/v1/integrations", $$$"""{"name":"r","destination":"google_secops","serverUrl":"https://127.0.0.1:9/","settings":{"serviceAccountKey":"{{{Mark("broken service account")}}}"}}"""),
    ];

    /// <summary>What admin events hold that is masked before it is shown or sent; the log keeps what came.</summary>
    public IReadOnlyList<(string Type, string Path, string Representation)> Representations() =>
    [
        ("CLIENT", "clients/1", JsonSerializer.Serialize(new { clientId = "app", secret = InEvent("secret of a client"), attributes = new Dictionary<string, string> { ["saml.signing.private.key"] = InEvent("signing key") } })),
        ("CLIENT", "clients/1/client-secret", JsonSerializer.Serialize(new { type = "secret", value = InEvent("new client secret") })),
        ("USER", "users/1/reset-password", JsonSerializer.Serialize(new { type = "password", value = InEvent("a password"), credentials = new[] { new { type = "password", value = InEvent("password in credentials") } } })),
        ("IDENTITY_PROVIDER", "identity-provider/instances/x", JsonSerializer.Serialize(new { alias = "x", config = new { clientSecret = InEvent("secret of an identity provider"), tokenUrl = "https://idp.example" } })),
        ("COMPONENT", "components/1", JsonSerializer.Serialize(new { config = new { bindCredential = new[] { InEvent("bind credential") }, privateKey = new[] { InEvent("realm key") } } })),
        ("REALM", "", JsonSerializer.Serialize(new { smtpServer = new { host = "mail", password = InEvent("mail password") } })),
    ];

    /// <summary>Where secrets of events stand in a text.</summary>
    public IEnumerable<string> FindOfEvents(string where, string text) => Find(inEvents, where, text);

    /// <summary>Remembers what a service gave out or was given as a secret.</summary>
    public string Remember(string place, string secret) => marks[place] = secret;

    /// <summary>A secret of this place.</summary>
    public string Mark(string place, int length = 24) => marks[place] = NewMark(length);

    /// <summary>Fails where a secret field of the catalogue was not planted.</summary>
    public void AssertWhole()
    {
        var planted = marks.Keys.Select(place => place.Split(" of ")[0].Split('.')[^1]).ToHashSet();
        var secret = DestinationCatalog.All.SelectMany(kind => kind.Fields).Where(field => field.Secret).Select(field => field.Name.Split('.')[^1]).Distinct();
        Assert.Equal([], secret.Except(planted));
    }

    /// <summary>Where marks stand in a text: clear, percent-encoded, in Base64 at each of its three places, or in hexadecimal.</summary>
    public IEnumerable<string> FindIn(string where, string text) => Find(marks, where, text);

    private static IEnumerable<string> Find(IReadOnlyDictionary<string, string> marks, string where, string text)
    {
        var forms = SearchValues.Create([.. marks.Values.SelectMany(Forms).Distinct()], StringComparison.OrdinalIgnoreCase);
        for (var from = 0; text.AsSpan(from).IndexOfAny(forms) is >= 0 and var found; from += found + 1)
        {
            var at = from + found;
            var place = marks.First(mark => Forms(mark.Value).Any(form => text.AsSpan(at).StartsWith(form, StringComparison.OrdinalIgnoreCase))).Key;
            yield return $"{where} shows {place}: …{text[Math.Max(0, at - 200)..Math.Min(text.Length, at + 80)]}…";
        }
    }

    public async ValueTask DisposeAsync()
    {
        await echo.DisposeAsync();
        await rejecting.DisposeAsync();
        await secured.DisposeAsync();
        authority.Dispose();
    }

    private static IEnumerable<string> Forms(string mark)
    {
        yield return mark;
        var bytes = Encoding.UTF8.GetBytes(mark);
        yield return Uri.EscapeDataString(mark);
        yield return Convert.ToHexString(bytes);
        for (var before = 0; before < 3; before++)
        {
            // Whole groups of three bytes look the same whatever stands around them.
            var cut = before == 0 ? 0 : 3 - before;
            var whole = bytes[cut..(cut + ((bytes.Length - cut) / 3 * 3))];
            yield return Convert.ToBase64String(whole);
            yield return Convert.ToBase64String(whole).Replace('+', '-').Replace('/', '_');
        }
    }

    // A Keycloak and a SIEM at once, which refuse everybody with their own words but one realm.
    private static HttpReply Echo(ReceivedRequest request)
    {
        var sent = Uri.UnescapeDataString($"{request.Head}\n{Encoding.UTF8.GetString(request.PlainBody)}").ReplaceLineEndings(" ");
        if (request.RequestLine.Contains("/realms/gives/", StringComparison.Ordinal) && request.RequestLine.Contains("/token", StringComparison.Ordinal))
        {
            return Json(200, new { access_token = AccessToken, token_type = "Bearer", expires_in = 300 });
        }

        return Json(401, new { error = "invalid_client", error_description = sent, message = sent, text = sent, errorMessage = sent });
    }

    private static HttpReply Json(int status, object body) =>
        new(status, JsonSerializer.Serialize(body)) { Headers = ["Content-Type: application/json"] };

    private static string Url(HttpReceiver receiver) => $"http://127.0.0.1:{receiver.Port}/";

    private JsonObject Source(string name, object credential, string realm = "demo", bool https = false)
    {
        var keycloak = Object(credential);
        (keycloak["baseUrl"], keycloak["realm"], keycloak["clientId"], keycloak["pollIntervalSeconds"]) =
            (https ? $"https://127.0.0.1:{secured.Port}" : $"http://127.0.0.1:{echo.Port}", realm, "siem", 1);
        keycloak["allowDuplicate"] = true;
        return new JsonObject { ["name"] = $"source {name}", ["keycloak"] = keycloak };
    }

    private static JsonObject Inbox(string name, object inbox) => new() { ["name"] = $"inbox {name}", ["kind"] = "http", ["inbox"] = Object(inbox) };

    private JsonObject Http(string kind, object? authentication, object? settings, HttpReceiver? receiver = null)
    {
        var integration = Other(kind, Url(receiver ?? echo), authentication, null, settings);
        integration["outputType"] = "JSON";
        return integration;
    }

    private JsonObject Other(string kind, string url, object? authentication, string? clientKey, object? settings = null)
    {
        var integration = new JsonObject
        {
            ["name"] = $"{kind} {marks.Count}", ["destination"] = kind, ["serverUrl"] = url, ["enabled"] = true, ["start"] = "everything",
            ["privacyKey"] = Mark($"privacyKey of {kind} {marks.Count}"), ["privacyKeyId"] = "k", ["privacy"] = new JsonArray(new JsonObject { ["field"] = "subject", ["action"] = "hash" }),
        };
        if (authentication is not null)
        {
            integration["authentication"] = Object(authentication);
        }

        if (settings is not null)
        {
            integration["settings"] = Object(settings);
        }

        if (clientKey is not null)
        {
            integration["tls"] = new JsonObject { ["clientKey"] = Key(clientKey, out var certificate), ["clientCertificate"] = certificate };
        }

        return integration;
    }

    private string InEvent(string place) => inEvents[place] = NewMark(24);

    private static string NewMark(int length) => "m4rk" + RandomNumberGenerator.GetHexString(length - 4, lowercase: true);

    // Base64 is what is looked for then, and what it stands for as well.
    private string Bytes(string place) => marks[place] = Convert.ToBase64String(RandomNumberGenerator.GetBytes(33));

    private string Key(string place, out string certificate)
    {
        using var rsa = RSA.Create(2048);
        var pem = rsa.ExportPkcs8PrivateKeyPem();
        marks[place] = pem.Split('\n')[12].Trim();
        var request = new CertificateRequest("CN=client", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var signed = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(60));
        certificate = signed.ExportCertificatePem();
        return pem;
    }

    private static JsonObject Object(object value) => JsonNode.Parse(JsonSerializer.Serialize(value))!.AsObject();
}
