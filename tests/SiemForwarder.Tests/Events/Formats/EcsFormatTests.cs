using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using SiemForwarder.Events;
using SiemForwarder.Events.Formats;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Events.Formats;

/// <summary>ECS documents hold only fields of ECS 9.4 and our own, with values that ECS allows.</summary>
public sealed class EcsFormatTests
{
    private static readonly Dictionary<string, string> LegalTypes = new()
    {
        ["authentication"] = "start end info",
        ["session"] = "start end info",
        ["iam"] = "admin change creation deletion group info user",
        ["configuration"] = "access change creation deletion info",
        ["api"] = "access admin allowed change creation deletion denied end info start user",
    };

    [Fact]
    public void EveryFieldIsInEcsOrOurs()
    {
        var known = File.ReadLines(RepositoryFiles.Shared("conformance", "ecs", "ecs_flat_subset_v9.4.0.yml"))
            .Where(line => line.Length > 0 && line[0] != ' ').Select(line => line.Trim().Trim(':').Trim('\'')).ToHashSet();
        foreach (var securityEvent in CatalogueEvents.All())
        {
            using var document = Parse(securityEvent);
            Assert.All(Fields(document.RootElement, ""), field => Assert.True(known.Contains(field) || field.StartsWith("keycloak.", StringComparison.Ordinal), field));
        }
    }

    [Fact]
    public void EveryTypeIsLegalForACategory()
    {
        foreach (var securityEvent in CatalogueEvents.All())
        {
            using var document = Parse(securityEvent);
            var details = document.RootElement.GetProperty("event");
            var categories = details.GetProperty("category").EnumerateArray().Select(category => category.GetString()!).ToList();
            var types = details.GetProperty("type").EnumerateArray().Select(type => type.GetString()!).ToList();

            Assert.NotEmpty(types);
            Assert.All(types, type => Assert.Contains(categories, category => LegalTypes[category].Split(' ').Contains(type)));
            Assert.Equal("event", details.GetProperty("kind").GetString());
            Assert.Contains(details.GetProperty("outcome").GetString(), (string?[])["success", "failure", "unknown"]);
            Assert.Equal(securityEvent.Id, details.GetProperty("id").GetString());
            Assert.Equal(JsonValueKind.Number, details.GetProperty("severity").ValueKind);
            Assert.Equal("9.4.0", document.RootElement.GetProperty("ecs").GetProperty("version").GetString());
        }
    }

    [Fact]
    public void AFailedLoginNamesUserAddressAndReason()
    {
        using var document = Parse(Some.LoginEvent());

        Assert.Equal("invalid_user_credentials", Text(document, "event", "code"));
        Assert.Equal("failure", Text(document, "event", "outcome"));
        Assert.Equal("alice", Text(document, "user", "name"));
        Assert.False(document.RootElement.GetProperty("user").TryGetProperty("target", out _));
        Assert.Equal("192.0.2.10", Text(document, "source", "ip"));
        Assert.Equal("https://app.example.com/cb", Text(document, "url", "original"));
        Assert.Equal("app.example.com", Text(document, "url", "domain"));
        Assert.Equal("web-app", Text(document, "keycloak", "client", "id"));
        Assert.Equal(["15745079-6780-4b93-80d9-c0d3480885d3", "alice"], document.RootElement.GetProperty("related").GetProperty("user").EnumerateArray().Select(user => user.GetString()));
    }

    [Fact]
    public void AnAdminEventNamesTargetGroupAndResource()
    {
        const string Json = """
            {"id":"e1","time":1762164930123,"operationType":"CREATE","resourceType":"GROUP_MEMBERSHIP","resourcePath":"users/u1/groups/g1","realmId":"r1",
             "authDetails":{"realmId":"m","clientId":"c1","userId":"a1"},"representation":"{\"name\":\"admins\"}"}
            """;
        using var document = Parse(Some.Normalized(EventStream.Admin, Json));

        Assert.Equal("CREATE-GROUP_MEMBERSHIP", Text(document, "event", "action"));
        Assert.Equal("CREATE-GROUP_MEMBERSHIP", Text(document, "event", "code"));
        Assert.Equal("a1", Text(document, "user", "id"));
        Assert.Equal("u1", Text(document, "user", "target", "id"));
        Assert.Equal("g1", Text(document, "group", "id"));
        Assert.Equal("admins", Text(document, "group", "name"));
        Assert.Equal("users/u1/groups/g1", Text(document, "keycloak", "admin", "resource", "path"));
    }

    [Fact]
    public void ImpersonationNamesTheEffectiveUser()
    {
        using var document = Parse(Some.Normalized(EventStream.User, """{"id":"e1","type":"IMPERSONATE","userId":"u1","details":{"username":"alice","impersonator":"root"}}"""));

        Assert.Equal("root", Text(document, "user", "name"));
        Assert.Equal("alice", Text(document, "user", "effective", "name"));
    }

    [Fact]
    public void OnlyAnAddressIsSourceIp()
    {
        using var document = Parse(Some.LoginEvent(ip: "proxy.example.com"));

        Assert.Equal("proxy.example.com", Text(document, "source", "address"));
        Assert.False(document.RootElement.GetProperty("source").TryGetProperty("ip", out _));
        Assert.False(document.RootElement.GetProperty("related").TryGetProperty("ip", out _));
    }

    [Fact]
    public void AnyTextComesBack() => Prop.ForAll(HostileText.Any(), text =>
    {
        using var document = Parse(FormatPropertyTests.HostileEvent(text));

        var expected = HostileText.Valid(text);
        Assert.Equal(expected, Find(document, "user", "name"));
        Assert.Equal(expected, Find(document, "event", "reason"));
        Assert.Equal(expected, Find(document, "source", "address"));
        Assert.Equal("failure", Text(document, "event", "outcome"));
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(Thoroughness.Runs(300)));

    private static IEnumerable<string> Fields(JsonElement element, string prefix) => element.EnumerateObject().SelectMany(member =>
        member.Value.ValueKind == JsonValueKind.Object ? Fields(member.Value, prefix + member.Name + ".") : [prefix + member.Name]);

    private static string? Text(JsonDocument document, params string[] path) =>
        path.Aggregate(document.RootElement, (element, name) => element.GetProperty(name)).GetString();

    private static string Find(JsonDocument document, string parent, string name) =>
        document.RootElement.TryGetProperty(parent, out var found) && found.TryGetProperty(name, out var value) ? value.GetString()! : "";

    private static JsonDocument Parse(SecurityEvent securityEvent) =>
        JsonDocument.Parse(FormatSettings.Write(EventFormatCatalog.Create(FormatSettings.For("ecs", int.MaxValue) with { IncludeRepresentation = true }), securityEvent));
}
