using System.Text.Json;
using SiemForwarder.Events;
using SiemForwarder.Events.Keycloak;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Events.Keycloak;

/// <summary>The catalogue covers Keycloak's types once each and agrees with the checked mapping.</summary>
public sealed class KeycloakEventCatalogTests
{
    private static readonly string[] Operations = ["CREATE", "UPDATE", "DELETE", "ACTION"];

    [Fact]
    public void EveryEventTypeOfKeycloakIsListedExactlyOnce()
    {
        using var enums = ReadEnums();
        var types = Strings(enums, "event_types").Concat(Strings(enums, "legacy")).ToList();
        var expected = types.Concat(types.Select(type => type + "_ERROR"))
            .Concat(Strings(enums, "resource_types").SelectMany(resource => Operations.Select(operation => operation + "-" + resource)))
            .Order(StringComparer.Ordinal);

        Assert.Equal(expected, KeycloakEventCatalog.All.Select(description => description.Type).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void TypesThatKeycloakDoesNotStoreByDefaultAreMarked()
    {
        using var enums = ReadEnums();
        var expected = Strings(enums, "saved_by_default_false").SelectMany(type => new[] { type, type + "_ERROR" })
            .Concat(Strings(enums, "saved_by_default_false_error_only"))
            .Order(StringComparer.Ordinal);

        var actual = KeycloakEventCatalog.All.Where(description => !description.StoredByDefault).Select(description => description.Type);
        Assert.Equal(expected, actual.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void EveryRowHasANameASentenceAndClasses()
    {
        foreach (var description in KeycloakEventCatalog.All)
        {
            Assert.Matches("^[A-Z][A-Za-z0-9 -]{3,60}$", description.Name);
            Assert.Matches(@"^[A-Z].{9,}\.$", description.Summary);
            Assert.InRange(description.Severity, 0, 10);
            Assert.Equal(description.Category, description.Classification.EcsCategories[0]);
            Assert.True(description.IsKnown);
            Assert.InRange(description.Classification.Action.Length, 3, 63);
        }
    }

    [Fact]
    public void EveryUserRowOfTheMappingAgreesWithTheCatalogue()
    {
        using var mapping = ReadMapping();
        foreach (var row in mapping.RootElement.GetProperty("user_events").EnumerateArray())
        {
            foreach (var type in row.GetProperty("event_types").EnumerateArray().Select(type => type.GetString()!))
            {
                var success = KeycloakEventCatalog.FindUser(type);
                var failure = KeycloakEventCatalog.FindUser(type + "_ERROR");

                Assert.NotNull(success);
                Assert.NotNull(failure);
                AssertClasses(row, success, TypeNames.Title(type));
                AssertClasses(row, failure, TypeNames.Title(type + "_ERROR"));
                Assert.StartsWith(success.Classification.Group, row.GetProperty("group").GetString(), StringComparison.Ordinal);
                Assert.Equal(row.GetProperty("cef_severity").GetProperty("success").GetInt32(), success.Severity);
                Assert.Equal(row.GetProperty("cef_severity").GetProperty("error").GetInt32(), failure.Severity);
                Assert.EndsWith(" failed", failure.Name, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void EveryAdminRowOfTheMappingAgreesWithTheCatalogue()
    {
        using var mapping = ReadMapping();
        var rows = mapping.RootElement.GetProperty("admin_events").EnumerateArray().ToList();
        foreach (var row in rows)
        {
            var described = Described(row).ToList();
            Assert.NotEmpty(described);
            foreach (var (type, description) in described)
            {
                AssertClasses(row, description, "logout-all");
                Assert.True(row.GetProperty("cef_severity").GetInt32() == description.Severity, type);
                Assert.Equal(Math.Max(description.Severity, 5), description.FailureSeverity);
            }
        }
    }

    [Theory]
    [InlineData("ACTION", "USER", "users/u1/reset-password", "Password reset by administrator")]
    [InlineData("ACTION", "USER", "users/u1/consents/app", "User action")]
    [InlineData("DELETE", "USER", "users/u1/credentials/c1", "Credential removed by administrator")]
    [InlineData("DELETE", "USER", "users/u1", "User deleted")]
    [InlineData("CREATE", "USER", "users/u1/federated-identity/corp", "Identity provider link changed by administrator")]
    [InlineData("CREATE", "REALM_ROLE_MAPPING", "groups/g1/role-mappings/realm", "Realm role granted to group")]
    [InlineData("CREATE", "CLIENT_ROLE_MAPPING", "users/u1/role-mappings/clients/c1", "Client role granted")]
    [InlineData("CREATE", "GROUP", "groups/g1/children", "Subgroup created or moved")]
    [InlineData("CREATE", "GROUP", "groups/g1", "Group created")]
    [InlineData("DELETE", "REALM_ROLE", "roles/r1/composites", "Composite of realm role changed")]
    [InlineData("UPDATE", "REALM", "", "Realm updated")]
    [InlineData("UPDATE", "REALM", "events/config", "Event settings changed")]
    [InlineData("DELETE", "REALM", "admin-events", "Stored events cleared")]
    [InlineData("CREATE", "REALM", "users/u1", "User created")]
    [InlineData("ACTION", "REALM", "logout-all", "All users logged out")]
    [InlineData("ACTION", "REALM", "clear-keys-cache", "Cache cleared")]
    [InlineData("ACTION", "REALM", "user-storage/c1/sync", "User federation synchronized")]
    [InlineData("ACTION", "REALM", "testSMTPConnection", "Realm action")]
    [InlineData("ACTION", "CLIENT", "clients/c1/client-secret", "Client credential changed")]
    [InlineData("DELETE", "CLIENT", "clients/c1/client-secret/rotated", "Rotated client secret deleted")]
    [InlineData("DELETE", "CLIENT", "clients/c1", "Client deleted")]
    [InlineData("ACTION", "ORGANIZATION_MEMBERSHIP", "organizations/o1/members/invite-user", "User invited to organization")]
    public void ThePathTellsWhatWasDone(string operation, string resourceType, string path, string name) =>
        Assert.Equal(name, KeycloakEventCatalog.FindAdmin(operation, resourceType, path)?.Name);

    [Fact]
    public void AnUnlistedActionCountsAsAnUpdateOfTypeInfo()
    {
        var action = KeycloakEventCatalog.FindAdmin("ACTION", "COMPONENT", "components/c1/anything")!;
        var update = KeycloakEventCatalog.FindAdmin("UPDATE", "COMPONENT", "components/c1")!;

        Assert.Equal(["info"], action.Classification.EcsTypes);
        Assert.Equal(update.Severity, action.Severity);
        Assert.Equal(update.Classification.Ocsf18, action.Classification.Ocsf18);
    }

    [Fact]
    public void TypesOfTheFutureAreDescribedByTheirName()
    {
        Assert.Null(KeycloakEventCatalog.FindUser("BRAND_NEW"));
        Assert.Null(KeycloakEventCatalog.FindAdmin("CREATE", "BRAND_NEW", ""));

        var user = KeycloakEventCatalog.DescribeUser("BRAND_NEW", null);
        Assert.Equal(("Brand new", "authentication", 3, false), (user.Name, user.Category, user.Severity, user.IsKnown));
        Assert.Equal(new OcsfActivity(3002, 99, "Brand New"), user.Classification.Ocsf18);

        var admin = KeycloakEventCatalog.DescribeAdmin("EXPLODE", "USER", "users/u1");
        Assert.Equal(("EXPLODE-USER", "iam", 4, false), (admin.Type, admin.Category, admin.Severity, admin.IsKnown));
        Assert.Equal(new OcsfActivity(3004, 99, "Explode"), admin.Classification.Ocsf18);
    }

    [Theory]
    [InlineData("USER", "users/u1/reset-password", "u1")]
    [InlineData("GROUP_MEMBERSHIP", "users/u1/groups/g1", "g1")]
    [InlineData("CLIENT_ROLE", "clients/c1/roles/r1", "r1")]
    [InlineData("CLIENT_ROLE_MAPPING", "users/u1/role-mappings/clients/c1", "u1")]
    [InlineData("AUTHORIZATION_POLICY", "clients/c1/authz/resource-server/policy/role/p1", "p1")]
    [InlineData("USER_LOGIN_FAILURE", "attack-detection/brute-force/users", null)]
    [InlineData("USER_LOGIN_FAILURE", "attack-detection/brute-force/users/u1", "u1")]
    [InlineData("IDENTITY_PROVIDER", "identity-provider/instances/corp", "corp")]
    [InlineData("REALM", "", null)]
    [InlineData("USER", "users//", null)]
    public void ThePathNamesTheResource(string resourceType, string path, string? id) =>
        Assert.Equal(id, KeycloakEventCatalog.FindResourceId(resourceType, path));

    // The mapping says which operation and path a row is for: "CREATE|DELETE users/{id}/federated-identity/{alias}".
    private static IEnumerable<(string Type, EventDescription Description)> Described(JsonElement row)
    {
        var group = row.GetProperty("group").GetString()!;
        if (group.StartsWith("User disabled", StringComparison.Ordinal))
        {
            yield return ("UPDATE-USER", KeycloakEventCatalog.UserDisabled);
            yield break;
        }

        foreach (var resource in row.GetProperty("resource_types").EnumerateArray().Select(type => type.GetString()!))
        {
            foreach (var (operation, path) in KeycloakMappingExamples.For(row.GetProperty("match").GetString()!, resource))
            {
                var description = KeycloakEventCatalog.FindAdmin(operation, resource, path);
                Assert.True(description is not null, $"{operation} {resource} {path}");
                yield return ($"{group}: {operation} {resource} {path} is {description.Name}", description);
            }
        }
    }

    private static void AssertClasses(JsonElement row, EventDescription description, string activityName)
    {
        var classes = description.Classification;
        // The mapping takes every credential for a second factor; here only those that are known to be one.
        var isAnyCredential = description.SignatureId?.EndsWith(":remove-credential", StringComparison.Ordinal) == true;
        AssertActivity(row.GetProperty("ocsf_1_8"), isAnyCredential ? KeycloakEventCatalog.FindRemoval("ACTION", "otp")!.Classification.Ocsf18 : classes.Ocsf18, activityName);
        AssertActivity(row.GetProperty("ocsf_1_9"), isAnyCredential ? KeycloakEventCatalog.FindRemoval("ACTION", "otp")!.Classification.Ocsf19 : classes.Ocsf19, activityName);
        Assert.Equal(row.GetProperty("ecs_category").EnumerateArray().Select(value => value.GetString()), classes.EcsCategories);
        Assert.Equal(row.GetProperty("ecs_type").EnumerateArray().Select(value => value.GetString()), classes.EcsTypes);
        Assert.Equal(row.GetProperty("asim").GetString(), classes.Asim);
        Assert.Equal(row.GetProperty("udm").GetString(), classes.Udm);
        Assert.Equal(row.GetProperty("cim").GetString(), classes.Cim);
    }

    private static void AssertActivity(JsonElement expected, OcsfActivity actual, string placeholder)
    {
        var name = expected.TryGetProperty("activity_name", out var activity) ? activity.GetString() : null;
        Assert.Equal(expected.GetProperty("class_uid").GetInt32(), actual.ClassUid);
        Assert.Equal(expected.GetProperty("activity_id").GetInt32(), actual.ActivityId);
        Assert.Equal(expected.GetProperty("type_uid").GetInt32(), actual.TypeUid);
        Assert.Equal(name?.StartsWith('<') == true ? placeholder : name, actual.ActivityName);
    }

    private static JsonDocument ReadEnums() =>
        JsonDocument.Parse(File.ReadAllText(RepositoryFiles.Shared("conformance", "keycloak", "enums_26.7.json")));

    private static JsonDocument ReadMapping() =>
        JsonDocument.Parse(File.ReadAllText(RepositoryFiles.Shared("conformance", "mapping", "keycloak_mapping_proposal.json")));

    private static IEnumerable<string> Strings(JsonDocument document, string name) =>
        document.RootElement.GetProperty(name).EnumerateArray().Select(value => value.GetString()!);
}
