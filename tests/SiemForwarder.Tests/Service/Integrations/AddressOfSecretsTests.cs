using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Integrations;
using SiemForwarder.Service.Storage;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.Tests.Service.Integrations;

/// <summary>Every secret of every destination, and every change of where it is sent: it has to be given again.</summary>
public sealed class AddressOfSecretsTests
{
    private const string Sentence = "The address changed, so give the secret again";

    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web);

    private static readonly Dictionary<string, JsonNode> Requests = MakeRequests();

    // What is said in place of the stored settings; {other} is another port than the usual one.
    private static readonly Dictionary<string, string> Changes = new()
    {
        ["host"] = """{"serverUrl":"{scheme}://other.example.com"}""",
        ["host by its beginning"] = """{"serverUrl":"{scheme}://siem.example.com.other.example"}""",
        ["port in the URL"] = """{"serverUrl":"{scheme}://siem.example.com:{other}"}""",
        ["port"] = """{"port":4711}""",
        ["scheme"] = """{"serverUrl":"{plain}://siem.example.com"}""",
        ["proxy"] = """{"http":{"proxy":"http://proxy.example.com:3128"}}""",
        ["authority"] = """{"tls":{"caCertificate":"{ca}"}}""",
        ["fingerprint"] = """{"tls":{"fingerprint":"{fingerprint}"}}""",
        ["server name"] = """{"tls":{"serverName":"other.example.com"}}""",
        ["destination"] = """{"destination":"{anotherKind}"}""",
    };

    public static TheoryData<string, string, string> SecretsAndChanges()
    {
        var data = new TheoryData<string, string, string>();
        foreach (var (name, request) in Requests)
        {
            var kind = KindOf(request);
            var own = kind.Fields.Where(field => field.LeadsSecrets && field.Name.StartsWith("settings.", StringComparison.Ordinal)).Select(field => field.Name);
            foreach (var secret in kind.Fields.Where(field => field.Secret).Select(field => field.Name))
            {
                foreach (var change in Changes.Keys.Concat(own))
                {
                    if (change == "destination" && secret.StartsWith("settings.", StringComparison.Ordinal))
                    {
                        // The other kind has no such secret: it is dropped.
                        continue;
                    }

                    data.Add(name, secret, change);
                }
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(SecretsAndChanges))]
    public void ASecretIsNotKeptWhereItsAddressChanges(string destination, string secret, string change)
    {
        var (errors, _) = Change(destination, secret, Changed(destination, change));

        Assert.Contains(Sentence, string.Join(' ', errors.ByField[secret]), StringComparison.Ordinal);
    }

    public static TheoryData<string, string> Secrets()
    {
        var data = new TheoryData<string, string>();
        foreach (var (name, request) in Requests)
        {
            data.AddRange(KindOf(request).Fields.Where(field => field.Secret).Select(field => new TheoryDataRow<string, string>(name, field.Name)));
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Secrets))]
    public void ASecretStaysWhereItsAddressStays(string destination, string secret)
    {
        var request = Without(destination);
        request["name"] = "renamed";
        request["filter"] = JsonNode.Parse("""{"exclude":{"types":["LOGIN"]}}""");
        var url = new UriBuilder(request["serverUrl"]!.GetValue<string>());
        request["serverUrl"] = $"{url.Scheme.ToUpperInvariant()}://SIEM.example.com:{KindOf(request).DefaultPorts[url.Scheme]}";

        var (errors, valid) = Change(destination, secret, request);

        Assert.Empty(errors.ByField);
        Assert.True(valid!.Secrets.ContainsKey(secret));
    }

    [Theory]
    [MemberData(nameof(Secrets))]
    public void ASecretThatIsGivenAgainOrTakenAwayMayGoAnywhere(string destination, string secret)
    {
        foreach (var given in (string[])["again-again-again", ""])
        {
            var request = Changed(destination, "host");
            var (parent, name) = (secret[..secret.IndexOf('.')], secret[(secret.IndexOf('.') + 1)..]);
            request[parent] ??= new JsonObject();
            request[parent]![name] = given;

            var (errors, _) = Change(destination, secret, request);

            Assert.DoesNotContain(errors.ByField.TryGetValue(secret, out var faults) ? faults : [], one => one.Contains(Sentence, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void EveryDestinationWithSecretsIsLookedAt() => Assert.Equal(
        DestinationCatalog.All.Where(kind => kind.Fields.Any(field => field.Secret)).Select(kind => kind.Id).Order(StringComparer.Ordinal),
        Requests.Values.Select(request => KindOf(request).Id).Order(StringComparer.Ordinal));

    [Fact]
    public void TheKeyOfHashesStaysSinceItGoesNowhere()
    {
        var request = Changed("webhook", "host");
        request["privacyKeyId"] = "k1";

        var (errors, valid) = Change(
            "webhook", SecretName.PrivacyKey, request, secrets => secrets.Where(one => one.Key == SecretName.PrivacyKey).ToDictionary());

        Assert.Empty(errors.ByField);
        Assert.True(valid!.Secrets.ContainsKey(SecretName.PrivacyKey));
    }

    private static (FieldErrors Errors, ValidIntegration? Valid) Change(
        string destination, string secret, JsonNode request, Func<Dictionary<string, Secret>, Dictionary<string, Secret>>? adapt = null)
    {
        var first = new FieldErrors();
        var before = IntegrationRules.Validate(Read(Requests[destination]), new Dictionary<string, Secret>(), first);
        Assert.Empty(first.ByField);
        var stored = new Integration
        {
            Name = before!.Name, Description = "", EnginePool = before.EnginePool, Destination = before.Kind.Id, ServerUrl = before.ServerUrl.OriginalString,
            Definition = before.Settings.ToJson(),
        };
        var secrets = before.Secrets.ToDictionary();
        secrets.TryAdd(secret, new Secret("stored: a-secret-of-some-length"));
        var errors = new FieldErrors();
        return (errors, IntegrationRules.Validate(Read(request), adapt?.Invoke(secrets) ?? secrets, errors, null, stored));
    }

    private static JsonNode Without(string destination)
    {
        var request = Requests[destination].DeepClone();
        foreach (var secret in KindOf(request).Fields.Where(field => field.Secret).Select(field => field.Name.Split('.')))
        {
            request[secret[0]]?.AsObject().Remove(secret[1]);
        }

        return request;
    }

    private static JsonNode Changed(string destination, string change)
    {
        var request = Without(destination);
        var scheme = new Uri(request["serverUrl"]!.GetValue<string>()).Scheme;
        var (kind, other) = (KindOf(request), destination == "webhook" ? "otlp" : "webhook");
        if (change.StartsWith("settings.", StringComparison.Ordinal))
        {
            request["settings"] ??= new JsonObject();
            request["settings"]![change["settings.".Length..]] = kind.Fields.Single(field => field.Name == change) switch
            {
                { Type: DestinationFieldType.Url } => "https://other.example.com",
                { Choices: [.., var last] } => last,
                _ => "00000000-0000-0000-0000-000000000099",
            };
            return request;
        }

        using var authority = new CertificateAuthority("Other", TimeProvider.System);
        var text = Changes[change].Replace("{scheme}", scheme, StringComparison.Ordinal)
            .Replace("{plain}", scheme switch { "https" => "http", "tls" => "tcp", "kafkas" => "kafka", "natss" => "nats", _ => "amqp" }, StringComparison.Ordinal)
            .Replace("{other}", "4712", StringComparison.Ordinal)
            .Replace("{ca}", JsonEncodedText.Encode(authority.Pem).ToString(), StringComparison.Ordinal)
            .Replace("{fingerprint}", "SHA-256:" + string.Join(':', Enumerable.Repeat("AB", 32)), StringComparison.Ordinal)
            .Replace("{anotherKind}", scheme switch { "https" => other, "tls" => destination == "relp" ? "syslog" : "relp", _ => "webhook" }, StringComparison.Ordinal);
        foreach (var (name, value) in JsonNode.Parse(text)!.AsObject())
        {
            if (value is JsonObject members && request[name] is JsonObject present)
            {
                foreach (var (member, one) in members)
                {
                    present[member] = one!.DeepClone();
                }
            }
            else
            {
                request[name] = value!.DeepClone();
            }
        }

        return request;
    }

    private static DestinationKind KindOf(JsonNode request) => DestinationCatalog.Find(request["destination"]!.GetValue<string>())!;

    private static IntegrationRequest Read(JsonNode request) => request.Deserialize<IntegrationRequest>(Options)!;

    private static Dictionary<string, JsonNode> MakeRequests()
    {
        using var rsa = RSA.Create(2048);
        var account = new JsonObject { ["client_email"] = "a@b.example", ["private_key"] = rsa.ExportPkcs8PrivateKeyPem() }.ToJsonString();
        var requests = new (string Name, string Destination, string Scheme, string Settings)[]
        {
            ("syslog", "syslog", "tls", "null"),
            ("relp", "relp", "tls", "null"),
            ("webhook", "webhook", "https", """{"signingSecret":"whsec_c3RvcmVkLXN0b3JlZC1zdG9yZWQtc3RvcmVk"}"""),
            ("otlp", "otlp", "https", "null"),
            ("elastic", "elastic", "https", """{"apiKey":"stored-key"}"""),
            ("splunk", "splunk_hec", "https", """{"token":"stored-token"}"""),
            ("datadog", "datadog", "https", """{"apiKey":"stored-key"}"""),
            ("sumo", "sumo_logic", "https", """{"code":"stored-code"}"""),
            ("logscale", "logscale", "https", """{"token":"stored-token"}"""),
            ("rabbitmq", "rabbitmq", "amqps", """{"routingKey":"audit"}"""),
            ("nats", "nats", "natss", """{"subject":"audit"}"""),
            ("s3", "s3", "https", """{"bucket":"audit","accessKeyId":"AKIASTORED","secretAccessKey":"stored-secret"}"""),
            ("kafka", "kafka", "kafkas", """{"topic":"audit"}"""),
            ("event hubs", "azure_event_hubs", "kafkas",
                """{"eventHub":"audit","connectionString":"Endpoint=sb://siem.example.com/;SharedAccessKeyName=send;SharedAccessKey=stored"}"""),
            ("google", "google_secops", "https", $$"""{"instance":"projects/p/locations/l/instances/i","serviceAccountKey":"{{JsonEncodedText.Encode(account)}}"}"""),
            ("sentinel", "sentinel", "https", """
                {"tenantId":"00000000-0000-0000-0000-000000000001","clientId":"00000000-0000-0000-0000-000000000002","clientSecret":"stored-secret",
                "ruleId":"dcr-00000000000000000000000000000000"}
                """),
        };
        return requests.ToDictionary(one => one.Name, one => new JsonObject
        {
            ["name"] = "n", ["destination"] = one.Destination, ["serverUrl"] = $"{one.Scheme}://siem.example.com", ["settings"] = JsonNode.Parse(one.Settings),
        } as JsonNode);
    }
}
