using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using SiemForwarder.Connections;
using SiemForwarder.Connections.Tls;

namespace SiemForwarder.Destinations.Http.Google;

/// <summary>Settings specific to Google Security Operations.</summary>
internal sealed record GoogleSecOpsSettings
{
    private const string UsualLogType = "KEYCLOAK";

    public static DestinationField[] Fields { get; } =
    [
        new("settings.mode", DestinationFieldType.Choice,
            "Import raw logs (api) or UDM events (udm, with the schema udm) through the Chronicle API, the same through the older Ingestion API (legacy, "
                + "legacyUdm), or post to an HTTPS push feed.") { Default = "api", Choices = ["api", "udm", "legacy", "legacyUdm", "feed"] },
        new("settings.instance", DestinationFieldType.Text, "For api and udm: projects/<project>/locations/<region>/instances/<customer id>."),
        new("settings.customerId", DestinationFieldType.Text, "For legacy and legacyUdm: the customer id, a UUID."),
        new("settings.logType", DestinationFieldType.Text, "For api and legacy: log type whose parser processes the events.") { Default = UsualLogType },
        new("settings.envelope", DestinationFieldType.Choice,
            "For api, legacy and feed: each event as formatted (none), or as the change record of a row in Keycloak's tables, which Google's own "
                + "parser for KEYCLOAK processes (changeRecord).") { Default = "none", Choices = ["none", "changeRecord"] },
        new("settings.forwarder", DestinationFieldType.Text, "For api: resource name of the forwarder to which imports are attributed."),
        new("settings.version", DestinationFieldType.Choice, "For api and udm: version of the API.")
        {
            Default = "v1", Choices = ["v1", "v1beta", "v1alpha"],
        },
        new("settings.serviceAccountKey", DestinationFieldType.MultilineText,
            "For all but feed: key file of the service account, the complete JSON.") { Secret = true },
        new("settings.apiKey", DestinationFieldType.Text, "For feed: API key of the Google Cloud project.") { Secret = true },
        new("settings.feedSecret", DestinationFieldType.Text, "For feed: the secret that was shown once when the feed was created.") { Secret = true },
    ];

    public bool Feed { get; private init; }

    /// <summary>Whether the older Ingestion API is used.</summary>
    public bool Legacy { get; private init; }

    /// <summary>Whether events are imported as UDM, bypassing every parser.</summary>
    public bool Udm { get; private init; }

    /// <summary>Whether events are written as change records of Keycloak's tables.</summary>
    public bool ChangeRecords { get; private init; }

    public string LogType { get; private init; } = UsualLogType;

    public string CustomerId { get; private init; } = "";

    public string? Forwarder { get; private init; }

    public GoogleServiceAccount? Account { get; private init; }

    /// <summary>Scope of the access token.</summary>
    public string Scope => Legacy ? "https://www.googleapis.com/auth/malachite-ingestion" : "https://www.googleapis.com/auth/cloud-platform";

    public IReadOnlyList<KeyValuePair<string, string>> FeedHeaders { get; private init; } = [];

    public IReadOnlyList<Secret> Secrets { get; private init; } = [];

    public IReadOnlyList<SettingFault> Faults { get; private init; } = [];

    private string ImportPath { get; init; } = "";

    public static GoogleSecOpsSettings Read(SettingReader reader)
    {
        var mode = reader.Choice("mode", "api", "api", "udm", "legacy", "legacyUdm", "feed");
        var (feed, udm, legacy) = (mode == "feed", mode is "udm" or "legacyUdm", mode is "legacy" or "legacyUdm");
        var (instance, logType, forwarder) = (reader.Text("instance"), reader.Text("logType") ?? UsualLogType, reader.Text("forwarder"));
        var version = reader.Choice("version", "v1", "v1", "v1beta", "v1alpha");
        var (keyFile, apiKey, feedSecret) = (reader.Lines("serviceAccountKey"), reader.Text("apiKey"), reader.Text("feedSecret"));
        var (changeRecords, customerId) = (reader.Choice("envelope", "none", "none", "changeRecord") == "changeRecord", reader.Text("customerId"));
        var account = keyFile is null ? null : GoogleServiceAccount.Find(keyFile);
        if (feed && (apiKey is null || feedSecret is null))
        {
            reader.Fault(apiKey is null ? "apiKey" : "feedSecret", "A push feed needs both an API key and the feed's secret.");
        }

        if (!feed && account is null)
        {
            reader.Fault("serviceAccountKey", "Paste the complete key file of the service account: JSON with client_email and private_key.");
        }

        if (!feed && !legacy && (instance is null || instance.Split('/') is not ["projects", _, "locations", _, "instances", _]))
        {
            reader.Fault("instance", "Must be projects/<project>/locations/<region>/instances/<customer id>.");
        }

        if (legacy && !Guid.TryParse(customerId, out _))
        {
            reader.Fault("customerId", "Must be the customer id, a UUID, as shown in SIEM Settings > Profile.");
        }

        if (udm && changeRecords)
        {
            reader.Fault("envelope", "UDM events bypass every parser; use api, legacy or feed with changeRecord.");
        }

        return new GoogleSecOpsSettings
        {
            Feed = feed,
            Legacy = legacy,
            Udm = udm,
            ChangeRecords = changeRecords,
            LogType = logType,
            CustomerId = customerId ?? "",
            Forwarder = forwarder,
            Account = feed ? null : account,
            ImportPath = legacy
                ? udm ? "/v2/udmevents:batchCreate" : "/v2/unstructuredlogentries:batchCreate"
                : $"/{version}/{string.Join('/', (instance ?? "").Split('/').Select(Uri.EscapeDataString))}"
                    + (udm ? "/events:import" : $"/logTypes/{Uri.EscapeDataString(logType)}/logs:import"),
            FeedHeaders = feed && apiKey is not null && feedSecret is not null ? [new("X-goog-api-key", apiKey), new("X-Webhook-Access-Key", feedSecret)] : [],
            Secrets = [.. new[] { apiKey, feedSecret }.OfType<string>().Select(text => new Secret(text)), .. account?.Secrets ?? []],
            Faults = reader.Faults,
        };
    }

    public string PathOf(Uri serverUrl) => Feed ? serverUrl.PathAndQuery : serverUrl.AbsolutePath.TrimEnd('/') + ImportPath;

    /// <summary>Path at which the older API lists its log types.</summary>
    public static string LogTypesPathOf(Uri serverUrl) => serverUrl.AbsolutePath.TrimEnd('/') + "/v2/logtypes";
}

/// <summary>The key of a Google service account, which signs requests for access tokens (RFC 7523).</summary>
/// <remarks>Without Google.Apis.Auth: it could use our connections, but when the endpoint refuses, its exception has only the error and the status.
/// <see cref="AccessTokens"/>, which Sentinel uses too, also honors Retry-After and reports where a redirect leads, and that a web page answered.</remarks>
internal sealed class GoogleServiceAccount
{
    private static readonly TimeSpan Life = TimeSpan.FromHours(1);

    private readonly string email;
    private readonly string? keyId;
    private readonly string privateKey;

    private GoogleServiceAccount(string email, string? keyId, string privateKey, Uri tokenUrl)
    {
        this.email = email;
        this.keyId = keyId;
        this.privateKey = privateKey;
        TokenUrl = tokenUrl;
    }

    public Uri TokenUrl { get; }

    public IReadOnlyList<Secret> Secrets => [new(privateKey)];

    /// <summary>Parses a key file; null if it is not one.</summary>
    public static GoogleServiceAccount? Find(string keyFile)
    {
        try
        {
            using var document = JsonDocument.Parse(PemText.Of(keyFile));
            var root = document.RootElement;
            var (email, key) = (root.GetProperty("client_email").GetString(), root.GetProperty("private_key").GetString());
            var url = root.TryGetProperty("token_uri", out var given) ? given.GetString() : "https://oauth2.googleapis.com/token";
            if (string.IsNullOrEmpty(email) || string.IsNullOrEmpty(key) || !Uri.TryCreate(url, UriKind.Absolute, out var tokenUrl))
            {
                return null;
            }

            using var rsa = RSA.Create();
            rsa.ImportFromPem(key);
            return new GoogleServiceAccount(email, root.TryGetProperty("private_key_id", out var id) ? id.GetString() : null, key, tokenUrl);
        }
        catch (Exception exception)
            when (exception is JsonException or KeyNotFoundException or InvalidOperationException or ArgumentException or CryptographicException)
        {
            return null;
        }
    }

    /// <summary>The form that requests a token for a scope at a given time.</summary>
    public string FormAt(DateTimeOffset now, string scope)
    {
        var header = JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, string?> { ["alg"] = "RS256", ["typ"] = "JWT", ["kid"] = keyId });
        var claims = JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, object>
        {
            ["iss"] = email,
            ["scope"] = scope,
            ["aud"] = TokenUrl.AbsoluteUri,
            ["iat"] = now.ToUnixTimeSeconds(),
            ["exp"] = (now + Life).ToUnixTimeSeconds(),
        });
        var signed = $"{Base64Url.EncodeToString(header)}.{Base64Url.EncodeToString(claims)}";
        using var rsa = RSA.Create();
        rsa.ImportFromPem(privateKey);
        var signature = rsa.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        return $"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={signed}.{Base64Url.EncodeToString(signature)}";
    }
}
