using System.Text.Json;
using SiemForwarder.Events;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Events.Formats;

/// <summary>What detections need of details and representations stands in fields of its own, without asking for the representation.</summary>
public sealed class DetailFieldTests
{
    public static TheoryData<string> Formats() => [.. FormatSettings.Names];

    [Theory]
    [InlineData("GRANT_CONSENT", "granted_client", "grantedClient")]
    [InlineData("REVOKE_GRANT", "revoked_client", "revokedClient")]
    [InlineData("UPDATE_EMAIL", "previous_email", "previousEmail")]
    [InlineData("UPDATE_EMAIL", "updated_email", "updatedEmail")]
    [InlineData("USER_DISABLED_BY_TEMPORARY_LOCKOUT", "num_failures", "numFailures")]
    [InlineData("USER_DISABLED_BY_TEMPORARY_LOCKOUT", "not_before", "notBefore")]
    [InlineData("CUSTOM_REQUIRED_ACTION", "custom_required_action", "requiredAction")]
    public void CefAndLeefHaveAFieldForTheDetail(string type, string detail, string field)
    {
        var told = Some.Normalized(EventStream.User, $$$"""{"id":"e1","type":"{{{type}}}","userId":"u1","details":{"{{{detail}}}":"the-value"} }""");

        Assert.Equal("the-value", Cef(told)["SiemForwarderKeycloak" + char.ToUpperInvariant(field[0]) + field[1..]]);
        Assert.Equal("the-value", Leef(told)[field]);
    }

    [Fact]
    public void ALockoutNamesItsUserByTheIdThatItHas()
    {
        var locked = Some.Normalized(EventStream.User, """{"id":"e1","type":"USER_DISABLED_BY_PERMANENT_LOCKOUT","userId":"u1","details":{"num_failures":"3"}}""");

        Assert.Equal(("u1", "u1"), (Cef(locked)["duser"], Cef(locked)["duid"]));
        Assert.Equal(("u1", "u1"), (Leef(locked)["usrName"], Leef(locked)["accountName"]));
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void TheValuesOfARepresentationAreThereInEveryFormat(string format)
    {
        foreach (var (resourceType, representation, shown) in new (string, string, string[])[]
        {
            ("CLIENT", """{"clientId":"shop","secret":"S3CRET","redirectUris":["https://evil.example/*","https://shop.example/cb"],"publicClient":true}""",
                ["shop", "https://evil.example/*, https://shop.example/cb", "publicClient"]),
            ("REALM", """{"realm":"acme","eventsEnabled":false,"accessTokenLifespan":300}""", ["eventsEnabled"]),
            ("COMPONENT", """{"name":"corp-ldap","providerId":"ldap","config":{"connectionUrl":["ldaps://evil.example:636"],"bindCredential":["S3CRET"]}}""",
                ["corp-ldap", "ldaps://evil.example:636"]),
            ("IDENTITY_PROVIDER", """{"alias":"corp","providerId":"oidc","trustEmail":true,"config":{"tokenUrl":"https://evil.example/t?key=S3CRET","clientSecret":"S3CRET"}}""",
                ["corp", "trustEmail", "https://evil.example/t?key"]),
            ("REALM_ROLE_MAPPING", """[{"id":"r-1","name":"admin"},{"id":"r-2","name":"reader"}]""", ["admin, reader", "r-1, r-2"]),
            ("USER", """{"id":"u1","username":"bob","email":"b@example.org","enabled":false}""", ["enabled"]),
        })
        {
            var told = Admin("UPDATE", resourceType, "some/path", representation);
            var text = FormatSettings.Text(FormatSettings.Write(format, told)).Replace("\\=", "=", StringComparison.Ordinal);

            // The source's own members do not name the resource, so raw does not either.
            Assert.All(shown.Skip(format.StartsWith("raw", StringComparison.Ordinal) && resourceType[0] is not 'R' ? 1 : 0), value =>
                Assert.True(text.Contains(value, StringComparison.OrdinalIgnoreCase), $"{format} lacks {value}: {text}"));
            Assert.DoesNotContain("S3CRET", text, StringComparison.Ordinal);
            Assert.DoesNotContain("\"representation\"", text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void EachValueStandsInItsField()
    {
        var changed = Admin("UPDATE", "CLIENT", "clients/c1", """{"clientId":"shop","redirectUris":["https://a/*","https://b/*"],"config":{"tokenUrl":"t"},"enabled":true}""");

        Assert.Equal(("shop", "https://a/*, https://b/*", "true"), (Cef(changed)["SiemForwarderKeycloakResourceName"], Cef(changed)["SiemForwarderKeycloakRedirectUris"], Cef(changed)["SiemForwarderKeycloakEnabled"]));
        Assert.Equal(("shop", "c1", "t"), (Leef(changed)["resourceName"], Leef(changed)["resourceId"], Leef(changed)["tokenUrl"]));
        Assert.Equal("https://a/*, https://b/*", Json("json", changed).GetProperty("resource_values").GetProperty("redirectUris").GetString());
        Assert.Equal("true", Json("ecs", changed).GetProperty("keycloak").GetProperty("admin").GetProperty("resource").GetProperty("values").GetProperty("enabled").GetString());
        Assert.Equal("t", Json("ocsf", changed).GetProperty("unmapped").GetProperty("resource_values").GetProperty("tokenUrl").GetString());
        Assert.Equal("t", Json("raw", changed).GetProperty("siemforwarder").GetProperty("resource_values").GetProperty("tokenUrl").GetString());
    }

    [Theory]
    [InlineData("CREATE", null, "admin, reader")]
    [InlineData("DELETE", "admin, reader", null)]
    public void AsimTellsWhichRolesWereGrantedOrRevoked(string operation, string? before, string? after)
    {
        var told = Json("asim", Admin(operation, "REALM_ROLE_MAPPING", "users/u1/role-mappings/realm", """[{"id":"r1","name":"admin"},{"id":"r2","name":"reader"}]"""));

        Assert.Equal(("Roles", before, after), (Text(told, "UpdatedPropertyName"), Text(told, "PreviousPropertyValue"), Text(told, "NewPropertyValue")));
    }

    [Fact]
    public void AsimTellsOldAndNewOfWhatAUserChanged()
    {
        var email = Json("asim", Some.Normalized(EventStream.User, """{"type":"UPDATE_EMAIL","userId":"u1","details":{"previous_email":"a@x.org","updated_email":"b@x.org"}}"""));
        var consent = Json("asim", Some.Normalized(EventStream.User, """{"type":"GRANT_CONSENT","clientId":"account","userId":"u1","details":{"granted_client":"shop","scope":"profile"}}"""));
        var disabled = Json("asim", Admin("UPDATE", "USER", "users/u1", """{"enabled":false}"""));

        Assert.Equal(("Email", "a@x.org", "b@x.org"), (Text(email, "UpdatedPropertyName"), Text(email, "PreviousPropertyValue"), Text(email, "NewPropertyValue")));
        Assert.Equal(("shop", "profile"), (Text(consent, "Object"), Text(consent, "NewValue")));
        Assert.Equal(("UserDisabled", "Enabled", "false"), (Text(disabled, "EventType"), Text(disabled, "UpdatedPropertyName"), Text(disabled, "NewPropertyValue")));
    }

    [Theory]
    [InlineData("CREATE", "REALM_ROLE_MAPPING", "users/u1/role-mappings/realm", """[{"name":"admin"}]""", "roles")]
    [InlineData("UPDATE", "USER", "users/u1", """{"enabled":false}""", "enabled")]
    [InlineData("UPDATE", "USER", "users/u1", """{"email":"a@x.org","firstName":"A"}""", "email,firstName")]
    [InlineData("UPDATE", "CLIENT", "clients/c1", """{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1}""", "all")]
    [InlineData("DELETE", "CLIENT", "clients/c1", null, "all")]
    [InlineData("UPDATE", "REALM", "events/config", """{"eventsEnabled":false}""", "events")]
    public void CimTellsWhichAttributesWereChanged(string operation, string resourceType, string path, string? representation, string attributes) =>
        Assert.Equal(attributes, Text(Json("cim", Admin(operation, resourceType, path, representation)), "object_attrs"));

    private static string? Text(JsonElement element, string name) => element.TryGetProperty(name, out var value) ? value.GetString() : null;

    private static Dictionary<string, string> Cef(SecurityEvent told) =>
        CefParser.Parse(FormatSettings.Text(FormatSettings.Write("cef", told))).Pairs.ToDictionary(pair => pair.Key, pair => pair.Value);

    private static Dictionary<string, string> Leef(SecurityEvent told) =>
        LeefParser.Parse(FormatSettings.Text(FormatSettings.Write("leef", told))).Attributes.ToDictionary(pair => pair.Key, pair => pair.Value);

    private static JsonElement Json(string format, SecurityEvent told)
    {
        using var document = JsonDocument.Parse(FormatSettings.Write(format, told));
        return document.RootElement.Clone();
    }

    private static SecurityEvent Admin(string operation, string resourceType, string path, string? representation) => Some.Normalized(EventStream.Admin, JsonSerializer.Serialize(new
    {
        id = "e1", time = 1789041620000, operationType = operation, resourceType, resourcePath = path, authDetails = new { userId = "a1", ipAddress = "192.0.2.1" }, representation,
    }));
}
