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
        ["intrusion_detection"] = "allowed denied info",
        ["configuration"] = "access change creation deletion info",
        ["api"] = "access admin allowed change creation deletion denied end info start user",
    };

    // ECS 9.4, field sets rule and threat, which the subset leaves out.
    private static readonly string[] OfAlerts =
    [
        "rule.id", "rule.name", "rule.version", "rule.description", "threat.framework", "threat.technique.id", "threat.technique.subtechnique.id",
    ];

    [Fact]
    public void AnAlertNamesItsRuleAndItsTechniques()
    {
        using var document = Parse(CatalogueEvents.Detections().First());

        Assert.Equal("6f0a8a52-2a43-4b0c-9a53-0f3f5f6c2f11", Text(document, "rule", "id"));
        Assert.Equal("Password spraying", Text(document, "rule", "name"));
        var technique = document.RootElement.GetProperty("threat").GetProperty("technique");
        Assert.Equal("T1110", technique.GetProperty("id")[0].GetString());
        Assert.Equal("T1110.003", technique.GetProperty("subtechnique").GetProperty("id")[0].GetString());
        Assert.Equal("12", Text(document, "keycloak", "details", "event_count"));
    }

    [Fact]
    public void EveryFieldIsInEcsOrOurs()
    {
        var known = File.ReadLines(RepositoryFiles.Shared("conformance", "ecs", "ecs_flat_subset_v9.4.0.yml"))
            .Where(line => line.Length > 0 && line[0] != ' ').Select(line => line.Trim().Trim(':').Trim('\'')).Concat(OfAlerts).ToHashSet();
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
            Assert.Equal(securityEvent.Kind == EventKind.Detection ? "alert" : "event", details.GetProperty("kind").GetString());
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
    public void AnAddressWithAPortIsBoth()
    {
        using var document = Parse(Some.LoginEvent(ip: "[2001:DB8::1]:443, 10.0.0.1"));
        var source = document.RootElement.GetProperty("source");

        Assert.Equal(("2001:db8::1", 443), (source.GetProperty("ip").GetString(), source.GetProperty("port").GetInt32()));
        Assert.Equal("[2001:DB8::1]:443, 10.0.0.1", source.GetProperty("address").GetString());
        Assert.Equal("2001:db8::1", document.RootElement.GetProperty("related").GetProperty("ip")[0].GetString());
    }

    [Fact]
    public void WhatElasticsOwnDashboardReadsIsThere()
    {
        using var document = Parse(Some.LoginEvent() with
        {
            Details = [new("auth_method", "openid-connect"), new("auth_type", "code"), new("code_id", "c1"), new("redirect_uri", "https://app.example.com:8443/a/b?code=x#y")],
        });

        Assert.Equal(["start", "info"], document.RootElement.GetProperty("event").GetProperty("type").EnumerateArray().Select(type => type.GetString()));
        Assert.Equal("login", Text(document, "keycloak", "event_type"));
        Assert.Equal("LOGIN_ERROR", Text(document, "keycloak", "login", "type"));
        Assert.Equal("openid-connect", Text(document, "keycloak", "login", "auth_method"));
        Assert.Equal("code", Text(document, "keycloak", "login", "auth_type"));
        Assert.Equal("c1", Text(document, "keycloak", "login", "code_id"));
        Assert.Equal(("https", "app.example.com", "/a/b"), (Text(document, "url", "scheme"), Text(document, "url", "domain"), Text(document, "url", "path")));
        Assert.Equal(8443, document.RootElement.GetProperty("url").GetProperty("port").GetInt32());
        Assert.Equal("https://app.example.com:8443/a/b", Text(document, "url", "original"));
    }

    [Fact]
    public void NamesOfDetailsAreSafeAndEachOnce()
    {
        string[] names = ["auth_method", "a", "a.b", "a_b", "a:b", "", ".", "..", "updated_größe", "x\0y", "\uD83D", new string('k', 500), "a_b_4"];
        using var document = Parse(Some.LoginEvent() with { Details = [.. names.Select((name, index) => KeyValuePair.Create(name, $"{index}"))] });
        var details = document.RootElement.GetProperty("keycloak").GetProperty("details").EnumerateObject().ToList();

        Assert.Equal(Enumerable.Range(0, names.Length).Select(index => $"{index}"), details.Select(detail => detail.Value.GetString()));
        Assert.Equal(names.Length, details.Select(detail => detail.Name).Distinct().Count());
        Assert.Equal(["auth_method", "a", "a_b", "a_b_3", "a_b_4", "_", "__6", "__", "updated_größe", "x_y", "__10", new string('k', 128), "a_b_4_12"], details.Select(detail => detail.Name));
    }

    [Fact]
    public void AVeryLongDetailIsCutAndSaysSo()
    {
        foreach (var schema in new[] { "ecs", "ocsf" })
        {
            var message = FormatSettings.Text(FormatSettings.Write(schema, Some.LoginEvent() with { Details = [new("long", new string('€', 40_000))] }, int.MaxValue));

            Assert.Contains($"\"{new string('€', 8191)}\"", message, StringComparison.Ordinal);
            Assert.Contains("truncated\":true", message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("elastic-index-template.json")]
    [InlineData("opensearch-index-template.json")]
    public void TheShippedTemplatesNameEveryField(string file)
    {
        string[] flattened = ["keycloak.details.", "keycloak.admin.resource.values."];
        using var template = JsonDocument.Parse(File.ReadAllText(Path.Combine(RepositoryFiles.Root, "docs", "deploy", file)));
        var mapped = Mapped(template.RootElement.GetProperty("template").GetProperty("mappings"), "").ToHashSet();
        foreach (var securityEvent in CatalogueEvents.All())
        {
            using var document = Parse(securityEvent);
            Assert.All(Fields(document.RootElement, "").Where(field => !flattened.Any(one => field.StartsWith(one, StringComparison.Ordinal))),
                field => Assert.Contains(field, mapped));
        }

        Assert.Contains("data_stream.dataset", mapped);
    }

    private static IEnumerable<string> Mapped(JsonElement mapping, string prefix) => mapping.GetProperty("properties").EnumerateObject().SelectMany(field =>
        field.Value.TryGetProperty("properties", out _) ? Mapped(field.Value, prefix + field.Name + ".") : [prefix + field.Name]);

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
