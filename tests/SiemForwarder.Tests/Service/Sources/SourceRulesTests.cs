using SiemForwarder.Connections;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Sources;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.Tests.Service.Sources;

public sealed class SourceRulesTests
{
    private static readonly KeycloakRequest Keycloak = new("https://sso.example.com/", "prod", "siem", "s3cr3t");

    [Theory]
    [InlineData("https://sso.example.com/admin/master/console/#/acme/users", "This is the address of the admin console: give https://sso.example.com as keycloak.baseUrl, and acme as keycloak.realm.")]
    [InlineData("https://sso.example.com/auth/admin/acme/console/", "This is the address of the admin console: give https://sso.example.com/auth as keycloak.baseUrl, and the name of the realm as keycloak.realm.")]
    [InlineData("https://sso.example.com:8443/realms/acme/account", "This is the address of a realm: give https://sso.example.com:8443 as keycloak.baseUrl, and acme as keycloak.realm.")]
    public void AnAddressOfTheConsoleIsAnsweredWithWhatToWrite(string baseUrl, string hint)
    {
        var errors = new FieldErrors();

        SourceRules.Validate(new SourceRequest { Name = "n", Keycloak = Keycloak with { BaseUrl = baseUrl } }, new Dictionary<string, Secret>(), errors);

        Assert.Equal([hint], errors.ByField["keycloak.baseUrl"]);
    }

    [Fact]
    public void LeftOutFieldsTakeTheirDefaults()
    {
        var valid = Validate(new SourceRequest { Name = "n", Keycloak = Keycloak });

        Assert.Equal((true, "https://sso.example.com", 5, "now"), (valid.Enabled, valid.Definition.Keycloak!.BaseUrl, valid.Definition.Keycloak.PollIntervalSeconds, valid.Definition.Keycloak.Start));
        Assert.Equal(["user", "admin"], valid.Definition.Keycloak!.Streams);
        Assert.Equal("s3cr3t", valid.Secrets[SourceDefinition.ClientSecret].Reveal());
        Assert.DoesNotContain("s3cr3t", valid.Definition.ToJson(), StringComparison.Ordinal);
        Assert.Equal(valid.Definition.ToJson(), SourceDefinition.FromJson(valid.Definition.ToJson()).ToJson());
    }

    [Theory]
    [InlineData(" NOW ", "now")]
    [InlineData("Everything", "everything")]
    [InlineData("2026-01-31T01:00:00+01:00", "2026-01-31T00:00:00.0000000+00:00")]
    [InlineData("2026-01-31", "2026-01-31T00:00:00.0000000+00:00")]
    public void AStartIsAWordOrAnInstant(string start, string expected) =>
        Assert.Equal(expected, Validate(new SourceRequest { Name = "n", Keycloak = Keycloak with { Start = start } }).Definition.Keycloak!.Start);

    [Fact]
    public void WhatAFilePutsAroundASecretIsNotPartOfItAndALineBreakInsideIsRefused()
    {
        var valid = Validate(new SourceRequest
        {
            Name = "n",
            Keycloak = Keycloak with { ClientSecret = "\uFEFFs3cr3t\r\n" },
            Inbox = new InboxRequest { Key = "0123456789abcdef\n", SecondKey = "fedcba9876543210\r\n" },
        });
        var errors = new FieldErrors();
        SourceRules.Validate(new SourceRequest { Name = "n", Keycloak = Keycloak with { ClientSecret = "s3\ncr3t" } }, new Dictionary<string, Secret>(), errors);

        Assert.Equal(
            ("s3cr3t", "0123456789abcdef", "fedcba9876543210"),
            (valid.Secrets[SourceDefinition.ClientSecret].Reveal(), valid.Secrets[SourceDefinition.InboxKey].Reveal(), valid.Secrets[SourceDefinition.InboxSecondKey].Reveal()));
        Assert.Equal(["keycloak.clientSecret"], errors.ByField.Keys);
    }

    [Fact]
    public void AStoredSecretStaysWhereItIsLeftOut()
    {
        var errors = new FieldErrors();
        var stored = new Dictionary<string, Secret> { [SourceDefinition.ClientSecret] = new("old") };

        var valid = SourceRules.Validate(new SourceRequest { Name = "n", Keycloak = Keycloak with { ClientSecret = null } }, stored, errors);

        Assert.Equal("old", valid!.Secrets[SourceDefinition.ClientSecret].Reveal());
    }

    [Theory]
    [InlineData("https://sso.example.com", null, null, true)]
    [InlineData("HTTPS://SSO.example.com:443/auth/", null, null, true)]
    [InlineData("https://sso.example.com.evil.example", null, null, false)]
    [InlineData("http://sso.example.com", null, null, false)]
    [InlineData("https://sso.example.com:8443", null, null, false)]
    [InlineData("https://sso.example.com/other", null, null, false)]
    [InlineData("https://sso.example.com", "other", null, false)]
    [InlineData("https://sso.example.com", null, "other", false)]
    public void TheSecretStaysOnlyWithItsServerRealmAndClient(string baseUrl, string? realm, string? clientId, bool stays)
    {
        var before = Validate(new SourceRequest { Name = "n", Keycloak = Keycloak });
        var request = new SourceRequest
        {
            Name = "renamed",
            Keycloak = Keycloak with { BaseUrl = baseUrl, Realm = realm ?? Keycloak.Realm, ClientId = clientId ?? Keycloak.ClientId, ClientSecret = null, PollIntervalSeconds = 60 },
        };
        var errors = new FieldErrors();

        SourceRules.Validate(request, before.Secrets, errors, before.Kind, before.Definition.Keycloak);

        Assert.Equal(stays ? [] : ["keycloak.clientSecret"], errors.ByField.Keys);
    }

    [Fact]
    public void OtherAuthoritiesAskForTheSecretAgain()
    {
        using var authority = new CertificateAuthority("Other", TimeProvider.System);
        var before = Validate(new SourceRequest { Name = "n", Keycloak = Keycloak });
        var errors = new FieldErrors();

        SourceRules.Validate(
            new SourceRequest { Name = "n", Keycloak = Keycloak with { ClientSecret = null, CaCertificate = authority.Pem } }, before.Secrets, errors, before.Kind,
            before.Definition.Keycloak);

        Assert.Contains("The address changed", string.Join(' ', errors.ByField["keycloak.clientSecret"]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://proxy.example.com:3128", null)]
    [InlineData(null, "SHA-256:0000000000000000000000000000000000000000000000000000000000000000")]
    public void AnotherWayToTheServerAsksForTheSecretAgain(string? proxy, string? fingerprint)
    {
        var before = Validate(new SourceRequest { Name = "n", Keycloak = Keycloak });
        var given = Validate(new SourceRequest { Name = "n", Keycloak = Keycloak with { Proxy = proxy, Fingerprint = fingerprint } });
        var errors = new FieldErrors();

        SourceRules.Validate(
            new SourceRequest { Name = "n", Keycloak = Keycloak with { ClientSecret = null, Proxy = proxy, Fingerprint = fingerprint } }, before.Secrets, errors,
            before.Kind, before.Definition.Keycloak);

        Assert.Equal((proxy, fingerprint), (given.Definition.Keycloak!.Proxy, given.Definition.Keycloak.Fingerprint));
        Assert.Equal(["keycloak.clientSecret"], errors.ByField.Keys);
    }

    [Theory]
    [InlineData("http://user:s3cr3t@proxy.example.com:3128")]
    [InlineData("https://proxy.example.com:3128")]
    [InlineData("socks5://proxy.example.com:1080")]
    [InlineData("proxy.example.com:3128")]
    [InlineData("http://proxy.example.com:3128/path")]
    public void AProxyIsAUrlWithoutPasswordOrPath(string proxy)
    {
        var errors = new FieldErrors();

        Assert.Null(SourceRules.Validate(new SourceRequest { Name = "n", Keycloak = Keycloak with { Proxy = proxy } }, new Dictionary<string, Secret>(), errors));

        Assert.DoesNotContain("s3cr3t", Assert.Single(errors.ByField["keycloak.proxy"]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://sso.example.com/", "AB:CD")]
    [InlineData("http://sso.example.com/", "SHA-256:0000000000000000000000000000000000000000000000000000000000000000")]
    public void AFingerprintIsOneOfACertificate(string baseUrl, string fingerprint)
    {
        var errors = new FieldErrors();

        SourceRules.Validate(
            new SourceRequest { Name = "n", Keycloak = Keycloak with { BaseUrl = baseUrl, Fingerprint = fingerprint } }, new Dictionary<string, Secret>(), errors);

        Assert.Equal(["keycloak.fingerprint"], errors.ByField.Keys);
    }

    [Fact]
    public void AllFaultsAreNamedAtOnce()
    {
        var errors = new FieldErrors();

        Assert.Null(SourceRules.Validate(new SourceRequest { Keycloak = new KeycloakRequest(Streams: ["x"], PollIntervalSeconds: 0, Start: "soon") }, new Dictionary<string, Secret>(), errors));

        Assert.Equal(
            ["keycloak.baseUrl", "keycloak.clientId", "keycloak.clientSecret", "keycloak.pollIntervalSeconds", "keycloak.realm", "keycloak.start", "keycloak.streams", "name"],
            errors.ByField.Keys.Order(StringComparer.Ordinal));
    }

    private static ValidSource Validate(SourceRequest request)
    {
        var errors = new FieldErrors();
        var valid = SourceRules.Validate(request, new Dictionary<string, Secret>(), errors);
        Assert.Empty(errors.ByField);
        return valid!;
    }
}
