using System.Security.Cryptography.X509Certificates;
using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Events.Formats;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Integrations;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.Tests.Service.Integrations;

public sealed class IntegrationRulesTests
{
    private static readonly Dictionary<string, Secret> NoSecrets = [];

    [Fact]
    public void NameAndUrlAreEnough()
    {
        var valid = Validate(new IntegrationRequest { Name = " siem ", ServerUrl = "tls://siem.example.com" });

        Assert.Equal(("siem", "", false, "default", "syslog"), (valid.Name, valid.Description, valid.Enabled, valid.EnginePool, valid.Kind.Id));
        Assert.Equal(("tls", 6514, "Syslog", "octet-counting"), (valid.Settings.Protocol, valid.Settings.Port, valid.Settings.OutputType, valid.Settings.Syslog.Framing));
        Assert.Empty(valid.Secrets);
    }

    [Theory]
    [InlineData("tcp://h:1", null, 1)]
    [InlineData("tcp://h:1", 2, 2)]
    [InlineData("tcp://h", 2, 2)]
    [InlineData("https://h", null, 443)]
    [InlineData("https://h:8088", null, 8088)]
    [InlineData("tcp://[2001:db8::1]:601", null, 601)]
    public void ThePortFieldWinsOverTheUrlAndTheUrlOverTheDefault(string url, int? port, int expected) =>
        Assert.Equal(expected, Validate(new IntegrationRequest { Name = "n", ServerUrl = url, Port = port }).Settings.Port);

    [Theory]
    [InlineData("tcp://h", "relp", 2514, false)]
    [InlineData("tcp://h", "syslog", 514, false)]
    [InlineData("https://h", "elastic", 443, true)]
    [InlineData("https://h", "webhook", 443, false)]
    public void TheKindOfDestinationChoosesPortAndCompression(string url, string destination, int port, bool gzip)
    {
        var settings = Validate(new IntegrationRequest { Name = "n", ServerUrl = url, Destination = destination }).Settings;

        Assert.Equal((port, gzip), (settings.Port, settings.Http.Gzip));
    }

    [Fact]
    public void SettingsComeBackFromTheirJson()
    {
        var settings = Validate(new IntegrationRequest
        {
            Name = "n",
            ServerUrl = "https://h",
            OutputType = "cef",
            Sources = [3, 1, 3],
            Filter = new FilterContract(new MatchContract(Types: ["LOGIN*"], MinimumSeverity: 0), null),
        }).Settings;

        var again = IntegrationSettings.Read(settings.ToJson(), out var fault)!;

        Assert.Null(fault);
        Assert.Equal(settings.ToJson(), again.ToJson());
        Assert.Equal([3, 1], again.Sources);
        Assert.Equal((0, "CEF", "CEF"), (again.Filter.Include!.MinimumSeverity, again.OutputType, again.Syslog.AppName));
    }

    [Fact]
    public void AStoredSecretStaysUnlessAnotherIsGivenOrItIsEmptied()
    {
        var stored = new Dictionary<string, Secret> { [SecretName.Token] = new("old"), [SecretName.Password] = new("word") };

        var kept = Validate(Request(new AuthenticationRequest("bearer")), stored);
        var changed = Validate(Request(new AuthenticationRequest("bearer", Token: "new", Password: "")), stored);

        Assert.Equal("old", kept.Secrets[SecretName.Token].Reveal());
        Assert.Equal("new", changed.Secrets[SecretName.Token].Reveal());
        Assert.False(changed.Secrets.ContainsKey(SecretName.Password));

        static IntegrationRequest Request(AuthenticationRequest authentication) => new() { Name = "n", ServerUrl = "https://h", Authentication = authentication };
    }

    [Theory]
    [InlineData("authentication.password", " pa ss ", " pa ss ")]
    [InlineData("authentication.password", "pass\r\n", "pass")]
    [InlineData("authentication.header", "X-API-Key: k\n", "X-API-Key: k")]
    [InlineData("authentication.header", "\uFEFFX-API-Key: k", "X-API-Key: k")]
    [InlineData("authentication.token", "\uFEFF t1\r\n\n", "t1")]
    [InlineData("privacyKey", "0123456789abcdef0123456789abcdef\n", "0123456789abcdef0123456789abcdef")]
    [InlineData("settings.signingSecret", "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n", "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")]
    public void WhatAFilePutsAroundASecretIsNotPartOfIt(string field, string given, string kept) =>
        Assert.Equal(kept, Validate(Secretive(field, given)).Secrets[field].Reveal());

    [Theory]
    [InlineData("authentication.password")]
    [InlineData("authentication.header")]
    [InlineData("authentication.token")]
    [InlineData("privacyKey")]
    [InlineData("settings.signingSecret")]
    public void ALineBreakInsideASecretIsRefusedByItsField(string field) =>
        Assert.Contains(field, Faults(Secretive(field, "X-Key: 0123456789abcdef\n0123456789abcdef")));

    [Fact]
    public void ASecretThatIsWrittenBackAsItIsStoredStaysAsItIs()
    {
        var stored = new Dictionary<string, Secret> { ["privacyKey"] = new("0123456789abcdef0123456789abcdef \n") };

        var valid = Validate(Secretive("privacyKey", "0123456789abcdef0123456789abcdef \n"), stored);

        Assert.Equal("0123456789abcdef0123456789abcdef \n", valid.Secrets["privacyKey"].Reveal());
    }

    [Fact]
    public void PemWithByteOrderMarksIsReadAndStoredWithoutThem()
    {
        using var authority = new CertificateAuthority("Corp", TimeProvider.System);
        using var one = authority.IssueClient("one");

        var valid = Validate(new IntegrationRequest
        {
            Name = "n",
            ServerUrl = "tls://h",
            Tls = new TlsRequest("\uFEFF" + authority.Pem, "\uFEFF" + one.ExportCertificatePem() + "\n\uFEFF" + authority.Pem, "\uFEFF" + KeyOf(one) + "\n"),
        });

        Assert.DoesNotContain('\uFEFF', valid.Settings.Tls.CaCertificate + valid.Settings.Tls.ClientCertificate + valid.Secrets[SecretName.ClientKey].Reveal());
        Assert.Contains('\n', valid.Secrets[SecretName.ClientKey].Reveal());
    }

    private static IntegrationRequest Secretive(string field, string secret)
    {
        var request = new IntegrationRequest { Name = "n", ServerUrl = "https://h" };
        return field switch
        {
            "authentication.password" => request with { Authentication = new AuthenticationRequest("basic", Username: "u", Password: secret) },
            "authentication.header" => request with { Authentication = new AuthenticationRequest("header", Header: secret) },
            "authentication.token" => request with { Authentication = new AuthenticationRequest("bearer", Token: secret) },
            "privacyKey" => request with { PrivacyKey = secret, PrivacyKeyId = "k1" },
            _ => request with { Settings = System.Text.Json.JsonSerializer.SerializeToElement(new Dictionary<string, string> { ["signingSecret"] = secret }) },
        };
    }

    [Fact]
    public void AClientCertificateNeedsItsOwnKey()
    {
        using var authority = new CertificateAuthority("Corp", TimeProvider.System);
        using var one = authority.IssueClient("one");
        using var other = authority.IssueClient("other");

        Assert.Equal(["tls.clientKey"], Faults(With(one.ExportCertificatePem(), null)));
        Assert.Equal(["tls.clientKey"], Faults(With(one.ExportCertificatePem(), "not a key")));
        Assert.Equal(["tls.clientKey"], Faults(With(one.ExportCertificatePem(), KeyOf(other))));
        Assert.Empty(Faults(With(one.ExportCertificatePem(), KeyOf(one))));

        static IntegrationRequest With(string certificate, string? key) =>
            new() { Name = "n", ServerUrl = "tls://h", Tls = new TlsRequest(ClientCertificate: certificate, ClientKey: key) };
    }

    [Theory]
    [InlineData(null, null, "name,serverUrl")]
    [InlineData("n", "tcp://", "serverUrl")]
    [InlineData("n", "tcp://h?x=1", "serverUrl")]
    [InlineData("n", "file:///etc/passwd", "destination")]
    [InlineData("n", "file://host/name.log", "destination,serverUrl")]
    [InlineData("n", "tcp://user@h", "serverUrl")]
    public void WhatIsWrongIsNamed(string? name, string? url, string fields) =>
        Assert.Equal(fields.Split(','), Faults(new IntegrationRequest { Name = name, ServerUrl = url }).Order(StringComparer.Ordinal));

    [Theory]
    [InlineData("splunk_hec", "https://h:8088/?token=hunter2", "settings.token")]
    [InlineData("splunk_hec", "https://user:hunter2@h:8088", "authentication.password")]
    [InlineData("logscale", "https://h/?Token=hunter2", "settings.token")]
    [InlineData("google_secops", "https://h/v1/feeds/1:importPushLogs?a=b&key=hunter2", "settings.apiKey")]
    [InlineData("google_secops", "https://h/v1/feeds/1:importPushLogs?%73ecret=hunter2", "settings.feedSecret")]
    [InlineData("datadog", "https://h/?dd-api-key=hunter2", "settings.apiKey")]
    [InlineData("sumo_logic", "https://h/receiver/v1/http/hunter2", "settings.code")]
    [InlineData("webhook", "https://:hunter2@h/in", "authentication.password")]
    [InlineData("relp", "tcp://user:hunter2@h", "authentication.password")]
    public void ASecretInTheUrlIsRefusedAndItsFieldNamed(string destination, string url, string field)
    {
        var errors = new FieldErrors();

        Assert.Null(IntegrationRules.Validate(new IntegrationRequest { Name = "n", ServerUrl = url, Destination = destination }, NoSecrets, errors));

        var sentence = string.Join(' ', errors.ByField["serverUrl"]);
        Assert.Contains(field, sentence);
        Assert.DoesNotContain("hunter2", sentence);
    }

    [Fact]
    public void AQueryWithoutSecretsStays() => Assert.Equal(
        "?source=keys&tokens=1",
        Validate(new IntegrationRequest { Name = "n", ServerUrl = "https://h/?source=keys&tokens=1", Destination = "splunk_hec" }).ServerUrl.Query);

    [Theory]
    [InlineData("https://h", "http://proxy.example.com:3128", true)]
    [InlineData("https://h", "http://proxy.example.com", true)]
    [InlineData("https://h", "socks5://proxy.example.com", false)]
    [InlineData("https://h", "http://user:hunter2@proxy.example.com", false)]
    [InlineData("https://h", "http://proxy.example.com/path", false)]
    [InlineData("https://h", "proxy.example.com:3128", false)]
    [InlineData("tls://h", "http://proxy.example.com:3128", false)]
    public void AProxyIsAUrlWithoutSecretsAndForHttpAlone(string url, string proxy, bool isTaken)
    {
        var request = new IntegrationRequest { Name = "n", ServerUrl = url, Http = new HttpContract(Proxy: proxy) };

        if (isTaken)
        {
            var valid = Validate(request);
            Assert.Equal(proxy, valid.Settings.Http.Proxy);
            Assert.Equal(new Uri(proxy), RunnableIntegration.Create(valid).Destination.Proxy);
        }
        else
        {
            Assert.Equal(["http.proxy"], Faults(request));
        }
    }

    [Theory]
    [InlineData("tls://h", "SHA-256:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF", null)]
    [InlineData("https://h", "SHA-1:00:11", "tls.fingerprint")]
    [InlineData("tcp://h", "SHA-256:00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF", "tls")]
    public void AFingerprintIsOneOfSha256AndNeedsTls(string url, string fingerprint, string? field)
    {
        var request = new IntegrationRequest { Name = "n", ServerUrl = url, Tls = new TlsRequest(Fingerprint: fingerprint) };

        if (field is null)
        {
            Assert.Equal(fingerprint, RunnableIntegration.Create(Validate(request)).Destination.Tls.Fingerprint);
        }
        else
        {
            Assert.Equal([field], Faults(request));
        }
    }

    [Theory]
    [InlineData("udp://192.0.2.1", 1472)]
    [InlineData("udp://[2001:db8::1]", 1452)]
    public void ADatagramFitsIntoAnEthernetFrame(string url, int bytes) =>
        Assert.Equal(bytes, Validate(new IntegrationRequest { Name = "n", ServerUrl = url }).Settings.Syslog.MaxMessageBytes);

    [Theory]
    [InlineData("Host")]
    [InlineData("content-length")]
    [InlineData("Transfer-Encoding")]
    [InlineData("Connection")]
    [InlineData("Content-Type")]
    [InlineData("Content-Encoding")]
    [InlineData("Content-MD5")]
    [InlineData("Expect")]
    [InlineData("Upgrade")]
    [InlineData("TE")]
    [InlineData("Trailer")]
    [InlineData("Keep-Alive")]
    [InlineData("Proxy-Connection")]
    [InlineData("Accept-Encoding")]
    [InlineData("Last-Modified")]
    [InlineData("User-Agent")]
    public void AHeaderThatTheForwarderSetsItselfIsRefused(string name)
    {
        var errors = new FieldErrors();

        IntegrationRules.Validate(
            new IntegrationRequest { Name = "n", ServerUrl = "https://h", Authentication = new AuthenticationRequest { Type = "header", Header = $"{name}: x" } }, NoSecrets, errors);

        Assert.Contains($"Must not be {name}", Assert.Single(errors.ByField["authentication.header"]), StringComparison.Ordinal);
    }

    private static string KeyOf(X509Certificate2 certificate) => certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem();

    private static ValidIntegration Validate(IntegrationRequest request, IReadOnlyDictionary<string, Secret>? stored = null)
    {
        var errors = new FieldErrors();
        var valid = IntegrationRules.Validate(request, stored ?? NoSecrets, errors);
        Assert.Empty(errors.ByField);
        return valid!;
    }

    private static IEnumerable<string> Faults(IntegrationRequest request)
    {
        var errors = new FieldErrors();
        Assert.Equal(IntegrationRules.Validate(request, NoSecrets, errors) is null, errors.Any);
        return errors.ByField.Keys;
    }
}
