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
    private const string AccessToken = "t0ken-m4rk-of-the-realm";

    private readonly Dictionary<string, string> marks = new(StringComparer.Ordinal) { ["access token"] = AccessToken };
    private readonly HttpReceiver echo = HttpReceiver.Start(Echo);
    private readonly HttpReceiver rejecting = HttpReceiver.Start(request => Echo(request) with { Status = 400 });

    /// <summary>The marks by the places that they were planted at.</summary>
    public IReadOnlyDictionary<string, string> Marks => marks;

    /// <summary>What creates a source of each kind and credential.</summary>
    public IReadOnlyList<JsonObject> Sources() =>
    [
        Source("shared", new { clientSecret = Mark("clientSecret") }),
        Source("given", new { clientSecret = Mark("clientSecret of a realm that gives a token") }, realm: "gives"),
        Source("assertion", new { authentication = "private-key-jwt", privateKey = Key("privateKey", out _) }),
        Source("certificate", new { authentication = "mutual-tls", clientKey = Key("clientKey", out var certificate), clientCertificate = certificate }, https: true),
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
        Other("syslog", $"tls://127.0.0.1:{echo.Port}", null, "tls.clientKey"),
        Other("relp", $"tcp://127.0.0.1:{echo.Port}", null, null),
        Other("rabbitmq", $"amqp://127.0.0.1:{echo.Port}", new { type = "basic", username = "u", password = Mark("password of rabbitmq") }, null, new { routingKey = "q" }),
    ];

    /// <summary>Remembers what a service gave out as a secret.</summary>
    public void Remember(string place, string secret) => marks[place] = secret;

    /// <summary>Fails where a secret field of the catalogue was not planted.</summary>
    public void AssertWhole()
    {
        var planted = marks.Keys.Select(place => place.Split(" of ")[0].Split('.')[^1]).ToHashSet();
        var secret = DestinationCatalog.All.SelectMany(kind => kind.Fields).Where(field => field.Secret).Select(field => field.Name.Split('.')[^1]).Distinct();
        Assert.Equal([], secret.Except(planted));
    }

    /// <summary>Where marks stand in a text: clear, percent-encoded, in Base64 at each of its three places, or in hexadecimal.</summary>
    public IEnumerable<string> FindIn(string where, string text)
    {
        foreach (var (place, mark) in marks)
        {
            foreach (var form in Forms(mark))
            {
                if (text.IndexOf(form, StringComparison.OrdinalIgnoreCase) is >= 0 and var at)
                {
                    yield return $"{where} shows {place}: …{text[Math.Max(0, at - 200)..Math.Min(text.Length, at + form.Length + 40)]}…";
                    break;
                }
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await echo.DisposeAsync();
        await rejecting.DisposeAsync();
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
            ((https ? "https" : "http") + $"://127.0.0.1:{echo.Port}", realm, "siem", 1);
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

    private string Mark(string place, int length = 24) => marks[place] = "m4rk" + RandomNumberGenerator.GetHexString(length - 4, lowercase: true);

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
