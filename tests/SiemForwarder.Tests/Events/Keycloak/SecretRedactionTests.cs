using System.Text;
using SiemForwarder.Events;
using SiemForwarder.Events.Json;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Events.Keycloak;

/// <summary>No secret that Keycloak left in an event gets past normalizing.</summary>
public sealed class SecretRedactionTests
{
    [Theory]
    [InlineData("""{"secret":"S3CRET"}""")]
    [InlineData("""{"config":{"clientSecret":"S3CRET"}}""")]
    [InlineData("""{"config":{"bindCredential":["S3CRET"]}}""")]
    [InlineData("""{"config":{"privateKey":["S3CRET"],"keystorePassword":["S3CRET"],"keyPassword":"S3CRET"}}""")]
    [InlineData("""{"smtpServer":{"password":"S3CRET"}}""")]
    [InlineData("""{"credentials":[{"type":"password","value":"S3CRET","secretData":"{\"value\":\"S3CRET\"}"}]}""")]
    [InlineData("""{"credentials":[{"type":"password","nested":{"value":"S3CRET"}}]}""")]
    [InlineData("""{"registrationAccessToken":"S3CRET"}""")]
    [InlineData("""{"attributes":{"client.secret.rotated":"S3CRET"}}""")]
    [InlineData("""[{"clients":[{"SECRET":"S3CRET"}]}]""")]
    [InlineData("""{"password":12345,"secret":{"deep":"S3CRET"}}""")]
    [InlineData("""{"any":"-----BEGIN PRIVATE KEY-----\nS3CRET"}""")]
    [InlineData("""{"s\u0065cret":"S3CRET"}""")]
    public void SecretsAreMasked(string json)
    {
        var redacted = SecretRedactor.Redact(Encoding.UTF8.GetBytes(json));

        Assert.DoesNotContain("S3CRET", redacted, StringComparison.Ordinal);
        Assert.DoesNotContain("12345", redacted, StringComparison.Ordinal);
        Assert.Contains(SecretRedactor.Mask, redacted, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"resetPasswordAllowed":true,"clientAuthenticatorType":"client-secret","use.refresh.tokens":"false"}""")]
    [InlineData("""{"requiredActions":["UPDATE_PASSWORD"],"passwordPolicy":"length(8)","value":"x"}""")]
    [InlineData("""{"credentials":[],"value":"kept","n":1.50,"t":true,"z":null}""")]
    [InlineData("""{"credentials":[{"value":null}],"next":{"value":"kept"}}""")]
    [InlineData("""{"name":"zoë 李"}""")]
    public void WhatIsNoSecretIsKept(string json) => Assert.Equal(json, SecretRedactor.Redact(Encoding.UTF8.GetBytes(json)));

    [Theory]
    [InlineData("""{"secret":"S3CRET","a":""")]
    [InlineData("""{"password":"S3CR""")]
    [InlineData("not json S3CRET")]
    [InlineData("")]
    public void WhatCannotBeReadIsWithheld(string json) =>
        Assert.Equal(SecretRedactor.Unreadable, SecretRedactor.Redact(Encoding.UTF8.GetBytes(json)));

    [Fact]
    public void TheAnswerOfClientSecretIsMasked()
    {
        var raw = """{"operationType":"ACTION","resourceType":"CLIENT","resourcePath":"clients/c1/client-secret","representation":"{\"type\":\"secret\",\"value\":\"S3CRET\"}"}""";

        Assert.Equal("""{"type":"secret","value":"**********"}""", Some.Normalized(EventStream.Admin, raw).Admin?.Representation);
    }

    [Fact]
    public void SecretDetailsAreMasked()
    {
        var raw = """{"type":"LOGIN","details":{"client_secret":"S3CRET","client_auth_method":"client-secret","credential_type":"password","nested":{"password":"S3CRET"}}}""";
        var details = Some.Normalized(EventStream.User, raw).Details.ToDictionary();

        Assert.Equal("**********", details["client_secret"]);
        Assert.Equal(("client-secret", "password"), (details["client_auth_method"], details["credential_type"]));
        Assert.Equal("""{"password":"**********"}""", details["nested"]);
    }

    [Theory]
    [InlineData("recorded-26.7.4")]
    [InlineData("recorded-24.0.5")]
    public void NothingSecretOfARealServerIsLeft(string recording)
    {
        var representations = RecordedEvents.Normalized(recording).Select(securityEvent => securityEvent.Admin?.Representation).OfType<string>().ToList();

        Assert.NotEmpty(representations);
        Assert.All(representations, representation =>
        {
            Assert.DoesNotMatch("\"(secret|clientSecret|password|privateKey|registrationAccessToken|bindCredential)\":\\s*\\[?\"(?!\\*{10}\")", representation);
            Assert.DoesNotContain("74JCkBe6blE9MjeopkMqB0im1caUx5pJ", representation, StringComparison.Ordinal);
            Assert.DoesNotContain("eyJhbGci", representation, StringComparison.Ordinal);
        });
    }
}
