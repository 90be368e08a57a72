using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Web;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using SiemForwarder.Connections;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Keycloak.Client;
using SiemForwarder.Service.Sources;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.Tests.Service.Keycloak.Client;

/// <summary>How a client proves who it is, beside its secret: an assertion of its own, one of somebody else, a certificate.</summary>
public sealed class KeycloakCredentialTests
{
    private const string Issuer = "https://sso.example.com/realms/r";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("RS256")]
    [InlineData("ES256")]
    [InlineData("ES384")]
    [InlineData("ES512")]
    public async Task AnAssertionIsSignedByTheKeyForTheIssuerOnceAndForAMinute(string algorithm)
    {
        using var key = Key(algorithm);
        var credential = new KeycloakCredential.PrivateKey(new Secret(key.ExportPkcs8PrivateKeyPem()), "key-1");
        var now = new DateTimeOffset(2026, 11, 26, 12, 0, 0, TimeSpan.Zero);

        var form = credential.Form("c", Issuer, now).ToDictionary();
        var again = credential.Form("c", Issuer, now).ToDictionary();

        Assert.Equal(("c", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"), (form["client_id"], form["client_assertion_type"]));
        var result = await new JsonWebTokenHandler().ValidateTokenAsync(form["client_assertion"], new TokenValidationParameters
        {
            IssuerSigningKey = key is RSA rsa ? new RsaSecurityKey(rsa) : new ECDsaSecurityKey((ECDsa)key),
            ValidIssuer = "c", ValidAudience = Issuer, ValidateLifetime = false, TryAllIssuerSigningKeys = true,
        });
        Assert.True(result.IsValid, $"{result.Exception}");
        var jwt = (JsonWebToken)result.SecurityToken;
        Assert.Equal((algorithm, "key-1", "c"), (jwt.Alg, jwt.Kid, jwt.Subject));
        Assert.Equal((now.UtcDateTime, now.AddSeconds(60).UtcDateTime), (jwt.IssuedAt, jwt.ValidTo));
        using var payload = JsonDocument.Parse(Base64UrlEncoder.Decode(jwt.EncodedPayload));
        Assert.Equal(JsonValueKind.String, payload.RootElement.GetProperty("aud").ValueKind);
        Assert.NotEqual(jwt.Id, new JsonWebToken(again["client_assertion"]).Id);
    }

    [Fact]
    public async Task WithACertificateTheServerSeesItAndNoSecretIsSent()
    {
        using var authority = new CertificateAuthority("Clients", TimeProvider.System);
        using var certificate = authority.IssueServer("localhost", validUntil: TimeSpan.FromDays(10));
        using var client = authority.IssueClient("siem-forwarder", TimeSpan.FromDays(11));
        var expiries = new ExpiryNotes();
        using var key = client.GetECDsaPrivateKey()!;
        string? seen = null;
        await using var server = HttpReceiver.Start(Answer, new SslServerAuthenticationOptions
        {
            ServerCertificate = certificate, ClientCertificateRequired = true,
            RemoteCertificateValidationCallback = (_, shown, _, _) => (seen = shown?.Subject) is not null,
        });
        var source = Source(server, new KeycloakCredential.Certificate(client.ExportCertificatePem(), new Secret(key.ExportPkcs8PrivateKeyPem()))) with
        {
            BaseUrl = new Uri($"https://localhost:{server.Port}"), CaCertificate = authority.Pem, Expiries = expiries,
        };

        using var asking = new KeycloakClient(source, TimeProvider.System);
        var (token, failure) = await asking.Token.GetAsync(Token);

        Assert.True(token == "t", failure?.Message);
        Assert.Equal("CN=siem-forwarder", seen);
        Assert.Equal(
            [($"the certificate of localhost:{server.Port}", certificate.NotAfter.ToUniversalTime()), ("keycloak.clientCertificate", client.NotAfter.ToUniversalTime())],
            expiries.Ends.OrderBy(pair => pair.Value).Select(pair => (pair.Key, pair.Value.UtcDateTime)));
        Assert.Equal("grant_type=client_credentials&client_id=c", Encoding.UTF8.GetString(server.Requests[^1].PlainBody));
    }

    [Fact]
    public async Task ATokenOfSomebodyElseIsSentAsItIs()
    {
        await using var server = HttpReceiver.Start(Answer);

        using var asking = new KeycloakClient(Source(server, new KeycloakCredential.TokenFile(new Secret("of.the.pod"))), TimeProvider.System);
        var (token, failure) = await asking.Token.GetAsync(Token);

        Assert.True(token == "t", failure?.Message);
        var form = HttpUtility.ParseQueryString(Encoding.UTF8.GetString(server.Requests[^1].PlainBody));
        Assert.Equal(("of.the.pod", null), (form["client_assertion"], form["client_id"]));
    }

    [Fact]
    public async Task AMissingSecretIsToldWithItsPlaceAndNothingIsSent()
    {
        await using var server = HttpReceiver.Start(Answer);
        var missing = new Secret("") { Reference = "env:SIEM_SECRET_X", Unread = "keycloak.clientSecret is env:SIEM_SECRET_X, which is not set." };

        using var asking = new KeycloakClient(Source(server, new KeycloakCredential.ClientSecret(missing)), TimeProvider.System);
        var (token, failure) = await asking.Token.GetAsync(Token);

        Assert.Null(token);
        Assert.Equal((ErrorCategory.Configuration, "Source 'demo' lacks a secret: keycloak.clientSecret is env:SIEM_SECRET_X, which is not set."), (failure!.Category, failure.Message));
        Assert.Empty(server.Requests);
    }

    [Fact]
    public void EveryWayAsksForItsOwnSecretAndTakesNoOther()
    {
        using var rsa = RSA.Create(2048);
        using var weak = RSA.Create(1024);
        var pem = rsa.ExportPkcs8PrivateKeyPem();
        var basis = new KeycloakRequest("https://sso.example.com", "r", "c");

        Assert.Equal("", Faults(basis with { Authentication = "private-key-jwt", PrivateKey = pem, KeyId = "k" }));
        Assert.Equal("keycloak.privateKey", Faults(basis with { Authentication = "private-key-jwt" }));
        Assert.Equal("keycloak.privateKey", Faults(basis with { Authentication = "private-key-jwt", PrivateKey = weak.ExportPkcs8PrivateKeyPem() }));
        Assert.Equal("keycloak.privateKey", Faults(basis with { Authentication = "private-key-jwt", PrivateKey = rsa.ExportSubjectPublicKeyInfoPem() + "x" }));
        Assert.Equal("keycloak.clientSecret", Faults(basis with { Authentication = "private-key-jwt", PrivateKey = pem, ClientSecret = "s" }));
        Assert.Equal("keycloak.privateKey", Faults(basis with { ClientSecret = "s", PrivateKey = pem }));
        Assert.Equal("keycloak.clientAssertion", Faults(basis with { Authentication = "token-file", ClientAssertion = "eyJ.a.b" }));
        Assert.Equal("keycloak.clientCertificate,keycloak.clientKey", Faults(basis with { Authentication = "mutual-tls" }));
        Assert.Equal("keycloak.authentication", Faults(basis with { Authentication = "magic", ClientSecret = "s" }));
    }

    [Fact]
    public void AnotherAddressAsksForTheKeyAgain()
    {
        using var rsa = RSA.Create(2048);
        var request = new SourceRequest
        {
            Name = "n", Keycloak = new KeycloakRequest("https://sso.example.com", "r", "c") { Authentication = "private-key-jwt", PrivateKey = rsa.ExportPkcs8PrivateKeyPem() },
        };
        var before = SourceRules.Validate(request, new Dictionary<string, Secret>(), new FieldErrors())!;
        var (same, other) = (new FieldErrors(), new FieldErrors());

        SourceRules.Validate(
            request with { Keycloak = request.Keycloak with { PrivateKey = null } }, before.Secrets, same, before.Kind, before.Definition.Keycloak);
        SourceRules.Validate(
            request with { Keycloak = request.Keycloak with { PrivateKey = null, BaseUrl = "https://evil.example.com" } }, before.Secrets, other, before.Kind,
            before.Definition.Keycloak);

        Assert.False(same.Any);
        Assert.Equal(["keycloak.privateKey"], other.ByField.Keys);
    }

    private static string Faults(KeycloakRequest keycloak)
    {
        var errors = new FieldErrors();
        SourceRules.Validate(new SourceRequest { Name = "n", Keycloak = keycloak }, new Dictionary<string, Secret>(), errors);
        return string.Join(',', errors.ByField.Keys.Order(StringComparer.Ordinal));
    }

    private static HttpReply Answer(ReceivedRequest request) => new(200, request.RequestLine.Contains("openid-configuration", StringComparison.Ordinal)
        ? $$"""{"issuer":"{{Issuer}}"}"""
        : """{"access_token":"t","expires_in":60}""") { Headers = ["Content-Type: application/json"] };

    private static KeycloakSource Source(HttpReceiver server, KeycloakCredential credential) => new()
    {
        Id = 1, Name = "demo", BaseUrl = new Uri($"http://127.0.0.1:{server.Port}"), Realm = "r", ClientId = "c", Credential = credential,
    };

    private static AsymmetricAlgorithm Key(string algorithm) => algorithm switch
    {
        "RS256" => RSA.Create(2048),
        "ES384" => ECDsa.Create(ECCurve.NamedCurves.nistP384),
        "ES512" => ECDsa.Create(ECCurve.NamedCurves.nistP521),
        _ => ECDsa.Create(ECCurve.NamedCurves.nistP256),
    };
}
