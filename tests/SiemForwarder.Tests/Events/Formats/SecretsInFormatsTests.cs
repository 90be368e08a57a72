using System.Text.Json;
using SiemForwarder.Events;
using SiemForwarder.Events.Formats;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Events.Formats;

/// <summary>No format shows a secret of a representation or of a detail, whatever its name looks like.</summary>
public sealed class SecretsInFormatsTests
{
    private const string Secret = "S3CRET";

    // Made by a generator; what stands under a name that says nothing.
    private const string Random = "q7Vt2mXz9LbR4kWc8NfH1sYp6DgJ3uEa";

    private static readonly string[] SecretNames =
    [
        "secret", "secret.key", "secretKey", "SECRET_KEY", "secret-key", "aws.secret.access.key", "awsSecretAccessKey", "authToken", "auth_token", "AUTHTOKEN", "clientSecret",
        "client.secret", "client.secret.rotated", "clientsecret", "bindCredential", "keystorePassword", "keyPassword", "password", "passwd", "user_pwd", "passphrase", "privateKey",
        "ecdsaPrivateKey", "saml.signing.private.key", "jwt.credential.private.key", "api.key", "apiKey", "APIKey", "x-api-key", "accessKey", "access_token", "refreshToken",
        "registrationAccessToken", "client_assertion", "hashedSaltedValue", "salt", "secretData", "passwordHash", "secretId", "authTokenClientSecret", "encryption.key",
        "sharedKey1", "token.value", "my.plug-in.password.2",
    ];

    private static readonly (string Name, string Value)[] OrdinaryValues =
    [
        ("clientId", "q7Vt2mXz9LbR4kWc8NfH1sYp6DgJ3uEa"), ("id", "c5e31fc9-40fc-47d3-af31-27457b6b4a5f"), ("parentId", "RFgO1iByTCijtuFekykYzA"), ("kid", "Zx81kQw9-Yt3LmN7pRs2VbC4dEf6GhJ8"),
        ("tokenUrl", "https://idp.example.com/token"), ("jwksUrl", "https://idp.example.com/jwks?kid=1"), ("connectionUrl", "ldaps://ldap.example.com:636"),
        ("bindDn", "cn=admin,dc=example,dc=com"), ("client.secret.creation.time", "1789041600"), ("clientAuthenticatorType", "client-secret"), ("passwordPolicy", "length(8)"),
        ("token_id", "onrtro:c5e31fc9-40fc-47d3-af31-27457b6b4a5f"), ("refresh_token_type", "Refresh"), ("age_of_refresh_token", "0"), ("token.endpoint.auth.method", "post"), ("accessTokenLifespan", "300"),
        ("access.token.claim", "true"), ("use.refresh.tokens", "false"), ("secret.enabled", "true"), ("authTokenUrl", "https://mail.example.com/token"), ("publicKey", "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMII"),
        ("jwt.credential.certificate", "MIICmzCCAYMCBgGTxQ0z9DANBgkqhkiG9w0B"), ("site.key", "6Lc-site"), ("providerId", "oidc-hardcoded-claim-mapper"), ("theme", "keycloak-V2-Theme-2024-Production"),
        ("providerType", "org.keycloak.storage.UserStorageProvider"), ("webAuthnPolicyPasswordlessRpId", "example.com"), ("keyAlias", "realm-key"), ("keySize", "2048"), ("user.name", "alice"),
        ("redirect", "https://app.example.com/cb?state=x&lang=de#top"), ("requiredCredentials", "password"), ("credential_type", "password"), ("resource", "users/8f0c2a34-65f1-4a6f-a32d-12f6a5cc2f60"),
    ];

    private static readonly (string Text, string Shown)[] Links =
    [
        ("https://kc.example.com/realms/acme/login-actions/action-token?key=eyJhbGciOi.S3CRET.x-y&client_id=account", "client_id=account"),
        ("https://kc.example.com/realms/acme/protocol/openid-connect/registrations?client_id=account&token=S3CRET", "client_id=account"),
        ("https://app.example.com/cb?code=S3CRET&state=s1", "state=s1"), ("https://app.example.com/cb#access_token=S3CRET&expires_in=300", "expires_in=300"),
        ("https://alice:S3CRET@ldap.example.com/x", "@ldap.example.com/x"), ("Follow https://kc.example.com/i/eyJhbGciOiJIUzI1.S3CRETxx.yy-zz now", " now"),
        ("Bearer eyJhbGciOiJIUzI1NiJ9.S3CRET.abcdef", "Bearer "), ("""{"deep":{"password":"S3CRET"},"kept":1}""", "kept"),
    ];

    public static TheoryData<string> Formats() => [.. FormatSettings.Names];

    [Theory]
    [MemberData(nameof(Formats))]
    public void SecretsOfAnyNameAreMasked(string format)
    {
        foreach (var name in SecretNames)
        {
            var members = new Dictionary<string, object>
            {
                [name] = Secret,
                ["config"] = new Dictionary<string, object> { [name] = new[] { Secret } },
                ["attributes"] = new Dictionary<string, object> { [name] = new { deep = Secret } },
            };
            AssertHidden(format, Event(members, Secret, name), Secret, name);
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void GeneratedKeysAmongSettingsAreMasked(string format)
    {
        foreach (var value in new[] { Random, "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "AKxJ8s+Qm2ZtY5/rT0wVb9LcDf3GhN6e==", "sk_live_4eC39HqLyjWDarjtT1zdp7dc" })
        {
            AssertHidden(format, Event(new { config = new { setting = value, list = new[] { value } } }, "x", "detail"), value, "setting");
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void LinksAndTokensAreMasked(string format)
    {
        foreach (var (text, _) in Links)
        {
            AssertHidden(format, Event(new { inviteLink = text, nested = new[] { text } }, text, "link"), Secret, text);
        }
    }

    [Theory]
    [InlineData("json")]
    [InlineData("raw")]
    public void WhatIsNoSecretIsShown(string format)
    {
        foreach (var (name, value) in OrdinaryValues)
        {
            var members = new Dictionary<string, object> { [name] = value, ["config"] = new Dictionary<string, object> { [name] = new[] { value } } };
            using var written = JsonDocument.Parse(Write(format, Event(members, value, name)));
            var representation = written.RootElement.GetProperty("representation");
            using var inText = JsonDocument.Parse(representation.ValueKind == JsonValueKind.String ? representation.GetString()! : representation.GetRawText());

            Assert.Equal(value, inText.RootElement.GetProperty(name).GetString());
            Assert.Equal(value, inText.RootElement.GetProperty("config").GetProperty(name)[0].GetString());
            Assert.Equal(value, written.RootElement.GetProperty(format == "raw" ? "details" : "context").GetProperty(name).GetString());
        }
    }

    [Fact]
    public void ALinkKeepsWhatTellsWhereItLeads()
    {
        foreach (var (text, shown) in Links)
        {
            Assert.Contains(shown, Event(new { inviteLink = text }, text, "link").Details[0].Value, StringComparison.Ordinal);
        }
    }

    private static void AssertHidden(string format, SecurityEvent securityEvent, string secret, string what)
    {
        var written = Write(format, securityEvent);

        Assert.True(!written.Contains(secret, StringComparison.Ordinal), $"{format} shows {what}: {written}");
    }

    private static string Write(string format, SecurityEvent securityEvent) => FormatSettings.Text(FormatSettings.Write(
        EventFormatCatalog.Create(FormatSettings.For(format, 65536) with { IncludeRepresentation = true }, "1.0.0"), securityEvent));

    private static SecurityEvent Event(object representation, string detail, string name) => Some.Normalized(EventStream.Admin, JsonSerializer.Serialize(new
    {
        id = "e1", time = 1789041620000, operationType = "UPDATE", resourceType = "COMPONENT", resourcePath = "components/c1",
        authDetails = new { userId = "a1", ipAddress = "192.0.2.1" },
        details = new Dictionary<string, string> { [name] = detail },
        representation = JsonSerializer.Serialize(representation),
    }));
}
