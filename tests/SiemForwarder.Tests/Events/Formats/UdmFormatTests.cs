using System.Text.Json;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Events.Formats;

/// <summary>UDM events use the names of UDM's enumerations and have what their event type requires.</summary>
public sealed class UdmFormatTests
{
    [Theory]
    [InlineData(int.MaxValue)]
    [InlineData(1024)]
    public void EveryEventUsesKnownNamesAndHasWhatItsTypeRequires(int maxBytes)
    {
        using var enums = JsonDocument.Parse(File.ReadAllText(RepositoryFiles.Shared("conformance", "udm", "udm_enums.json")));
        foreach (var securityEvent in CatalogueEvents.All())
        {
            using var document = JsonDocument.Parse(FormatSettings.Write("udm", securityEvent, maxBytes));
            var root = document.RootElement;
            var metadata = root.GetProperty("metadata");
            var type = metadata.GetProperty("eventType").GetString()!;
            AssertKnown("event_types", type);
            Assert.Equal(securityEvent.Id, metadata.GetProperty("productLogId").GetString());
            Assert.Equal(securityEvent.Type, metadata.GetProperty("productEventType").GetString());
            var result = root.GetProperty("securityResult")[0];
            AssertKnown("security_result_product_severity", result.GetProperty("severity").GetString()!);
            AssertAllKnown(result, "action", "security_result_action");
            AssertAllKnown(result, "category", "security_result_security_category");
            if (type is "USER_LOGIN" or "USER_LOGOUT")
            {
                var principal = root.GetProperty("principal");
                Assert.True(principal.TryGetProperty("ip", out _) || principal.TryGetProperty("hostname", out _));
                Assert.True(root.GetProperty("target").TryGetProperty("user", out _));
                Assert.True(root.GetProperty("target").TryGetProperty("application", out _));
                var auth = root.GetProperty("extensions").GetProperty("auth");
                AssertKnown("authentication_auth_type", auth.GetProperty("type").GetString()!);
                AssertAllKnown(auth, "mechanism", "authentication_mechanism");
            }
        }

        void AssertKnown(string list, string name) => Assert.True(enums.RootElement.GetProperty(list).TryGetProperty(name, out _), name);

        void AssertAllKnown(JsonElement element, string member, string list)
        {
            if (element.TryGetProperty(member, out var names))
            {
                Assert.All(names.EnumerateArray(), name => AssertKnown(list, name.GetString()!));
            }
        }
    }

    [Fact]
    public void AFailedLoginIsAViolation()
    {
        using var document = JsonDocument.Parse(FormatSettings.Write("udm", Some.LoginEvent()));
        var root = document.RootElement;

        Assert.Equal("USER_LOGIN", root.GetProperty("metadata").GetProperty("eventType").GetString());
        Assert.Equal("alice", root.GetProperty("target").GetProperty("user").GetProperty("userid").GetString());
        Assert.Equal("""["AUTH_VIOLATION"]""", root.GetProperty("securityResult")[0].GetProperty("category").GetRawText());
        Assert.Equal("invalid_user_credentials", root.GetProperty("securityResult")[0].GetProperty("summary").GetString());
    }

    [Fact]
    public void ARoleGrantCarriesTheIdOfTheRole()
    {
        var granted = Some.Normalized(SiemForwarder.Events.EventStream.Admin, """
            {"operationType":"CREATE","resourceType":"REALM_ROLE_MAPPING","resourcePath":"users/u1/role-mappings/realm","authDetails":{"userId":"a1"},
             "representation":"[{\"id\":\"r1\",\"name\":\"admin\"}]"}
            """);
        using var document = JsonDocument.Parse(FormatSettings.Write("udm", granted));
        var target = document.RootElement.GetProperty("target");

        Assert.Equal("""{"name":"admin","resourceSubtype":"REALM_ROLE_MAPPING","productObjectId":"r1"}""", target.GetProperty("resource").GetRawText());
        Assert.Equal("u1", target.GetProperty("user").GetProperty("productObjectId").GetString());
    }

    [Fact]
    public void ALoginWithoutAddressIsUncategorized()
    {
        using var document = JsonDocument.Parse(FormatSettings.Write("udm", Some.LoginEvent(ip: null)));

        Assert.Equal("USER_UNCATEGORIZED", document.RootElement.GetProperty("metadata").GetProperty("eventType").GetString());
    }
}
