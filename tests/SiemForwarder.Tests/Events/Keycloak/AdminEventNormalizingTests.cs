using System.Text;
using System.Text.Json;
using SiemForwarder.Events;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Events.Keycloak;

/// <summary>Admin events become the normalized record: who did what to whom.</summary>
public sealed class AdminEventNormalizingTests
{
    [Fact]
    public void TheAdministratorActsAndThePathNamesTheAccount()
    {
        var created = Normalize("CREATE", "USER", "users/u1", """{"username":"jdoe","email":"jdoe@example.org","enabled":true}""");

        Assert.Equal(("CREATE-USER", "User created", EventKind.Admin, 4), (created.Type, created.Description.Name, created.Kind, created.Severity));
        Assert.Equal(new EventParty("a1", null, null, "master-id", "c0de"), created.Actor);
        Assert.Equal(new EventParty("u1", "jdoe", "jdoe@example.org", "acme", null), created.Subject);
        Assert.Equal(("u1", "users/u1", "198.51.100.7"), (created.Admin?.ResourceId, created.Admin?.ResourcePath, created.IpAddress));
        Assert.Null(created.ClientId);
    }

    [Fact]
    public void AnAdministratorOfTheSameRealmHasItsName()
    {
        var raw = """{"realmId":"r1","authDetails":{"realmId":"r1","userId":"a1"},"operationType":"DELETE","resourceType":"USER","resourcePath":"users/u1"}""";

        Assert.Equal("acme", Some.Normalized(EventStream.Admin, raw).Actor?.Realm);
    }

    [Fact]
    public void NamesThatTheServerToldStandBesideTheIds()
    {
        var raw = Encoding.UTF8.GetBytes(
            """{"realmId":"r1","authDetails":{"realmId":"r1","userId":"a1"},"operationType":"CREATE","resourceType":"REALM_ROLE_MAPPING","resourcePath":"users/u1/role-mappings/realm"}""");
        var names = new UserNames();
        names.Add("r1", "a1", "carol");
        names.Add("r1", "u1", "alice");
        names.Add("r2", "u1", "somebody of another realm");

        Assert.Equal([("r1", "a1"), ("r1", "u1")], UserNames.FindUnnamed(raw));
        var granted = EventNormalizer.Normalize(EventStream.Admin, raw, default, Some.Source, 1, 0, default, UserNames.Parse(names.ToJson()));

        Assert.Equal(("a1", "carol"), (granted.Actor?.Id, granted.Actor?.Name));
        Assert.Equal(("u1", "alice"), (granted.Subject?.Id, granted.Subject?.Name));
    }

    [Theory]
    [InlineData("""{"r1/u1":"al""")]
    [InlineData("""{"r1/u1":["alice"]}""")]
    [InlineData("""["alice"]""")]
    [InlineData("null")]
    [InlineData("")]
    public void NamesThatAreDamagedAreNoneAndKeepNothingBack(string json) => Assert.Equal(0, UserNames.Parse(json).Count);

    [Theory]
    [InlineData("""{"realmId":"r1","authDetails":{"realmId":"master-id","userId":"a1"},"resourceType":"REALM","resourcePath":""}""")]
    [InlineData("""{"realmId":"r1","authDetails":{"realmId":"r1","userId":"a1","username":"carol"},"resourceType":"REALM","resourcePath":""}""")]
    [InlineData("""{"realmId":"r1","resourceType":"USER","resourcePath":"users/u1","representation":"{\"username\":\"alice\"}"}""")]
    [InlineData("""{"realmId":"r1","resourceType":"USER","resourcePath":"users/profile"}""")]
    [InlineData("""{"authDetails":{"userId":"a1"}}""")]
    [InlineData("""["no event"]""")]
    [InlineData("{")]
    public void NobodyIsLookedUpWhoHasANameOrBelongsToAnotherRealm(string raw) => Assert.Empty(UserNames.FindUnnamed(Encoding.UTF8.GetBytes(raw)));

    [Fact]
    public void DetailsNameTheMember()
    {
        var raw = """
            {"operationType":"CREATE","resourceType":"GROUP_MEMBERSHIP","resourcePath":"users/u1/groups/g1","details":{"username":"jdoe","email":"j@example.org"},
             "representation":"{\"name\":\"g1\"}"}
            """;
        var added = Some.Normalized(EventStream.Admin, raw);

        Assert.Equal(new EventParty("u1", "jdoe", "j@example.org", "acme", null), added.Subject);
        Assert.Equal("g1", added.Admin?.ResourceId);
    }

    [Theory]
    [InlineData("organizations/o1/members/u1", "u1")]
    [InlineData("organizations/o1/members", null)]
    [InlineData("organizations/o1/members/invite-user", null)]
    [InlineData("attack-detection/brute-force/users/u1", "u1")]
    [InlineData("users/profile", null)]
    [InlineData("clients/c1", null)]
    public void TheAccountIsFoundWhereverThePathNamesIt(string path, string? id) =>
        Assert.Equal(id, Normalize("DELETE", "ORGANIZATION_MEMBERSHIP", path, null).Subject?.Id);

    [Theory]
    [InlineData("""{"enabled":false}""", "User disabled", 5, "UPDATE-USER:disable")]
    [InlineData("""{"id":"u1","username":"a","enabled":false}""", "User disabled", 5, "UPDATE-USER:disable")]
    [InlineData("""{"id":"u1","username":"a","enabled":true}""", "User enabled", 5, "UPDATE-USER:enable")]
    [InlineData("""{"username":"a","enabled":false,"email":"a@b"}""", "User updated", 4, "UPDATE-USER")]
    [InlineData("""{"username":"a","enabled":true,"email":"a@b"}""", "User updated", 4, "UPDATE-USER")]
    [InlineData("""{"username":"a"}""", "User updated", 4, "UPDATE-USER")]
    [InlineData("""{"enabled":false,"us""", "User updated", 4, "UPDATE-USER")]
    public void DisablingAndEnablingAUserIsToldWhereTheUpdateHoldsNothingElse(string representation, string name, int severity, string signatureId)
    {
        var updated = Normalize("UPDATE", "USER", "users/u1", representation);

        Assert.Equal((name, severity, "UPDATE-USER", signatureId), (updated.Description.Name, updated.Severity, updated.Type, updated.SignatureId));
    }

    [Fact]
    public void OnlyTheAccountItselfIsEnabled() =>
        Assert.Equal("User updated", Normalize("UPDATE", "USER", "users/u1/credentials/c1/userLabel", """{"enabled":false}""").Description.Name);

    [Theory]
    [InlineData("password", "Password removed by administrator", "ACTION-USER:remove-password", 300103, 300708)]
    [InlineData("otp", "MFA removed by administrator", "ACTION-USER:remove-mfa", 300111, 300713)]
    [InlineData("webauthn-passwordless", "MFA removed by administrator", "ACTION-USER:remove-mfa", 300111, 300713)]
    [InlineData("recovery-authn-codes", "MFA removed by administrator", "ACTION-USER:remove-mfa", 300111, 300713)]
    [InlineData("of-a-plug-in", "Credential removed by administrator", "ACTION-USER:remove-credential", 300199, 300799)]
    public void TheDetailsTellWhichCredentialWasRemoved(string credentialType, string name, string signatureId, int ocsf18, int ocsf19)
    {
        var raw = $$$"""
            {"operationType":"ACTION","resourceType":"USER","resourcePath":"users/u1/credentials/c1",
             "details":{"credential_type":"{{{credentialType}}}","credential_id":"c1"} }
            """;
        var removed = Some.Normalized(EventStream.Admin, raw);
        var classes = removed.Description.Classification;

        Assert.Equal((name, signatureId, 6), (removed.Description.Name, removed.SignatureId, removed.Severity));
        Assert.Equal((ocsf18, ocsf19), (classes.Ocsf18.TypeUid, classes.Ocsf19.TypeUid));
    }

    [Theory]
    [InlineData("users/u1/disable-credential-types", """["otp"]""", "MFA removed by administrator")]
    [InlineData("users/u1/disable-credential-types", """["password"]""", "Password removed by administrator")]
    [InlineData("users/u1/disable-credential-types", """["password","otp"]""", "Credential removed by administrator")]
    [InlineData("users/u1/disable-credential-types", null, "Credential removed by administrator")]
    [InlineData("users/u1/credentials/c1/moveToFirst", null, "User action")]
    public void ACredentialOfUnknownTypeIsNoSecondFactor(string path, string? representation, string name) =>
        Assert.Equal(name, Normalize("ACTION", "USER", path, representation).Description.Name);

    [Theory]
    [InlineData("GROUP", "groups/parent/children", "child")]
    [InlineData("ORGANIZATION_GROUP", "organizations/o1/groups/parent/children", "child")]
    [InlineData("GROUP", "groups/parent", "parent")]
    public void ASubgroupIsItself(string resourceType, string path, string id) =>
        Assert.Equal(id, Normalize("CREATE", resourceType, path, """{"id":"child","name":"sub","subGroups":[]}""").Admin?.ResourceId);

    [Fact]
    public void ASubgroupThatNothingNamesHasNoId() => Assert.Null(Normalize("CREATE", "GROUP", "groups/parent/children", null).Admin?.ResourceId);

    [Fact]
    public void ARoleMappingTellsTheIdsOfTheRoles()
    {
        var granted = Normalize("CREATE", "REALM_ROLE_MAPPING", "users/u1/role-mappings/realm", """[{"id":"r1","name":"admin"},{"id":"r2","name":"reader"}]""");

        Assert.Equal(("u1", "admin, reader", "r1, r2"), (granted.Admin?.ResourceId, granted.Admin?.ResourceName, granted.Admin?.RoleIds));
    }

    [Theory]
    [InlineData("users/u1/role-mappings/realm", "admin", 8)]
    [InlineData("users/u1/role-mappings/realm", "manage-users", 8)]
    [InlineData("users/u1/role-mappings/realm", "manage-account", 6)]
    [InlineData("users/u1/role-mappings/realm", "reader", 6)]
    [InlineData("groups/g1/role-mappings/realm", "reader", 7)]
    [InlineData("groups/g1/role-mappings/realm", "impersonation", 8)]
    public void GrantingAnAdministratorsRoleIsSevere(string path, string role, int severity) =>
        Assert.Equal(severity, Normalize("CREATE", "REALM_ROLE_MAPPING", path, $$$"""[{"id":"x","name":"{{{role}}}","attributes":{}}]""").Severity);

    [Theory]
    [InlineData("users/u1/role-mappings/realm", """[{"name":"admin"},{"id":"x"},{"name":"reader"}]""", "admin, reader")]
    [InlineData("clients/c1", """{"id":"c1","clientId":"web-app","name":"Web"}""", "web-app")]
    [InlineData("identity-provider/instances/corp", """{"alias":"corp","displayName":"Corp"}""", "corp")]
    [InlineData("groups/g1", """{"name":"g1"}""", "g1")]
    [InlineData("users/u1", """{"name":7}""", null)]
    public void TheRepresentationNamesTheResource(string path, string representation, string? name) =>
        Assert.Equal(name, Normalize("CREATE", "REALM_ROLE_MAPPING", path, representation).Admin?.ResourceName);

    [Fact]
    public void RevokingAnAdministratorsRoleIsNotAGrant() =>
        Assert.Equal(5, Normalize("DELETE", "REALM_ROLE_MAPPING", "users/u1/role-mappings/realm", """[{"name":"admin"}]""").Severity);

    [Theory]
    [InlineData("events/config", """{"eventsEnabled":true}""", 9)]
    [InlineData("", """{"realm":"acme","adminEventsEnabled":false}""", 9)]
    [InlineData("", """{"realm":"acme","eventsListeners":[]}""", 9)]
    [InlineData("", """{"realm":"acme","eventsEnabled":true,"accessTokenLifespan":300}""", 6)]
    [InlineData("", """{"realm":"acme","eventsEnabled":false,"accessTokenLifespan":300}""", 6)]
    [InlineData("", """{"realm":"acme","enabled":true,"eventsEnabled":false}""", 6)]
    [InlineData("", """{"id":"r1","realm":"acme","eventsEnabled":false,"enabledEventTypes":["LOGIN"]}""", 9)]
    [InlineData("", """{"realm":"acme"}""", 6)]
    public void ChangingWhatIsRecordedIsSevere(string path, string representation, int severity) =>
        Assert.Equal(severity, Normalize("UPDATE", "REALM", path, representation).Severity);

    [Fact]
    public void AnErrorMakesItAFailureOfAtLeastSeverityFive()
    {
        var raw = """{"operationType":"CREATE","resourceType":"USER","resourcePath":"users/u1","error":"denied"}""";
        var failed = Some.Normalized(EventStream.Admin, raw);

        Assert.Equal((EventOutcome.Failure, 5, "denied"), (failed.Outcome, failed.Severity, failed.Reason));
    }

    [Fact]
    public void ACustomResourceTypePassesUnderItsName()
    {
        var custom = Normalize("CREATE", "MyCompanyResource", "my-extension/thing/1", """{"x":1}""");

        Assert.Equal(("CREATE-MyCompanyResource", 4, false), (custom.Type, custom.Severity, custom.Description.IsKnown));
        Assert.Equal("""{"x":1}""", custom.Admin?.Representation);
    }

    [Fact]
    public void ARepresentationMayBeWrittenAsJson()
    {
        var raw = """{"operationType":"CREATE","resourceType":"CLIENT","resourcePath":"clients/c1","representation":{"clientId":"x","secret":"hush"}}""";

        Assert.Equal("""{"clientId":"x","secret":"**********"}""", Some.Normalized(EventStream.Admin, raw).Admin?.Representation);
    }

    private static SecurityEvent Normalize(string operation, string resourceType, string path, string? representation)
    {
        var raw = new Dictionary<string, object?>
        {
            ["id"] = "ad000000-0041-4aaa-8bbb-000000000041",
            ["time"] = 1789041620000,
            ["realmId"] = "r1",
            ["authDetails"] = new { realmId = "master-id", clientId = "c0de", userId = "a1", ipAddress = "198.51.100.7" },
            ["operationType"] = operation,
            ["resourceType"] = resourceType,
            ["resourcePath"] = path,
            ["representation"] = representation,
        };
        return Some.Normalized(EventStream.Admin, JsonSerializer.Serialize(raw));
    }
}
