using SiemForwarder.Destinations;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Sources;

namespace SiemForwarder.Tests.Service.Sources;

public sealed class SourceRulesTests
{
    private static readonly KeycloakRequest Keycloak = new("https://sso.example.com/", "prod", "siem", "s3cr3t");

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
