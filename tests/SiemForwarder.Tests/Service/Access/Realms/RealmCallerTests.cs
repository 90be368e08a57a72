using System.Text.Json;
using SiemForwarder.Service.Access.Realms;

namespace SiemForwarder.Tests.Service.Access.Realms;

/// <summary>Roles of this service, out of what a realm says.</summary>
public sealed class RealmCallerTests
{
    private const string Claims = """
        {"sub":"4711","preferred_username":"alice","realm_access":{"roles":["siem-viewer","offline_access"]},
        "resource_access":{"siem.forwarder":{"roles":["siem-auditor"]},"account":{"roles":["siem-admin"]}},"groups":["/soc/leads","night"],"scope":"openid"}
        """;

    [Fact]
    public void RealmRolesRolesOfTheClientAndGroupsCountAndThoseOfOtherClientsDoNot()
    {
        var caller = Read(new OidcOptions { Audience = "siem.forwarder", Roles = { ["siem-operator"] = ["soc/leads"] } });

        Assert.Equal(("token", "4711", "alice"), (caller.Kind, caller.Id, caller.Name));
        Assert.Equal(["siem-auditor", "siem-operator", "siem-viewer"], caller.Roles.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void ARoleThatIsGivenByOtherNamesIsNotGivenByItsOwn() =>
        Assert.Empty(Read(new OidcOptions { Audience = "none", Roles = { ["siem-viewer"] = ["soc"] } }).Roles);

    [Fact]
    public void AChangedRoleIsGivenByItsNamesAloneWhateverTheSettingsSay()
    {
        var options = new OidcOptions { Audience = "none", Roles = { ["siem-admin"] = ["night"], ["siem-auditor"] = ["/soc/leads"] } };

        var caller = Read(options, Claims, Grant("siem-admin", "nobody"), Grant("siem-operator", "night"), Grant("siem-viewer"));

        Assert.Equal(["siem-auditor", "siem-operator"], caller.Roles.Order(StringComparer.Ordinal));

        static RoleGrant Grant(string role, params string[] names) => new(role, names, 1, null, DateTimeOffset.UnixEpoch, "alice");
    }

    [Fact]
    public void PathsOfTheOperatorReplaceTheUsualOnes() =>
        Assert.Equal(["siem-admin"], Read(new OidcOptions { Audience = "a", RoleClaims = { "resource_access.account.roles", "scope", "sub.x", "nowhere" } }).Roles);

    [Fact]
    public void PushingIsGivenByNoRealm() =>
        Assert.Empty(Read(new OidcOptions { Audience = "a" }, """{"sub":"a","realm_access":{"roles":["siem-ingest"]}}""").Roles);

    [Theory]
    [InlineData("""{"sub":"a","azp":"reports"}""", "reports")]
    [InlineData("""{"sub":"a","azp":7,"realm_access":[1],"groups":{"a":1}}""", "a")]
    [InlineData("""{"sub":"a","preferred_username":"x\ny\u202e"}""", "x y")]
    public void WhateverATokenHoldsTheCallerHasAName(string claims, string name) =>
        Assert.Equal((name, 0), (Read(new OidcOptions { Audience = "a" }, claims) is var caller ? caller.Name : "", caller.Roles.Count));

    private static SiemForwarder.Service.Access.Caller Read(OidcOptions options, string claims = Claims, params RoleGrant[] changed) => RealmCaller.Read(
        "token", Parse(claims), options, RealmRoles.Of(changed.ToDictionary(grant => grant.Role), options));

    private static JsonElement Parse(string json) => JsonDocument.Parse(json).RootElement;
}
