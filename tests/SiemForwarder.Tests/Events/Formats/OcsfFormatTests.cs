using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using SiemForwarder.Events;
using SiemForwarder.Events.Formats;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Events.Formats;

/// <summary>OCSF events are valid by the JSON Schemas of both versions, whatever the event and however little room there is.</summary>
public sealed class OcsfFormatTests
{
    private static readonly Dictionary<int, string> Classes = new()
    {
        [3001] = "account_change", [3002] = "authentication", [3004] = "entity_management", [3005] = "user_access", [3006] = "group_management",
        [3007] = "user_management", [3008] = "role_management", [6003] = "api_activity",
    };

    [Theory]
    [InlineData("ocsf", "1.8.0")]
    [InlineData("ocsf-1.9", "1.9.0-dev-a5cfc68e")]
    public void EveryEventIsValidWholeAndShortened(string schema, string version)
    {
        var validators = Validators(version);
        foreach (var maxBytes in new[] { int.MaxValue, EventFormatCatalog.MinMaxBytes(schema), 520 })
        {
            var formatter = EventFormatCatalog.Create(FormatSettings.For(schema, Math.Max(maxBytes, EventFormatCatalog.MinMaxBytes(schema))) with { IncludeRepresentation = true });
            foreach (var securityEvent in CatalogueEvents.All().Where(one => one.Kind != EventKind.Detection))
            {
                AssertValid(validators, FormatSettings.Write(formatter, maxBytes == 520 ? Long(securityEvent) : securityEvent));
            }
        }
    }

    [Theory]
    [InlineData("ocsf", "1.8.0")]
    [InlineData("ocsf-1.9", "1.9.0-dev-a5cfc68e")]
    public void AnyTextComesBackInAValidEvent(string schema, string version)
    {
        var validators = Validators(version);
        Prop.ForAll(HostileText.Any(), text =>
        {
            using var document = AssertValid(validators, FormatSettings.Write(schema, FormatPropertyTests.HostileEvent(text), int.MaxValue));

            var expected = HostileText.Valid(text);
            Assert.Equal(expected, Find(document, "user", "name"));
            Assert.Equal(expected, Find(document, "actor", "app_uid"));
            Assert.Equal(2, document.RootElement.GetProperty("status_id").GetInt32());
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Thoroughness.Runs(200)));
    }

    // The class and its required attributes: ocsf-schema 1.8.0, events/findings/finding.json, objects/finding_info.json, analytic.json, attack.json.
    [Theory]
    [InlineData("ocsf")]
    [InlineData("ocsf-1.9")]
    public void AnAlertIsADetectionFindingWholeAndShortened(string schema)
    {
        foreach (var maxBytes in new[] { int.MaxValue, EventFormatCatalog.MinMaxBytes(schema) })
        {
            foreach (var alert in CatalogueEvents.Detections())
            {
                using var document = JsonDocument.Parse(FormatSettings.Write(schema, alert, maxBytes));
                var root = document.RootElement;
                Assert.Equal((2004, 2, 1, 200401, 1), (Number(root, "class_uid"), Number(root, "category_uid"), Number(root, "activity_id"),
                    Number(root, "type_uid"), Number(root, "status_id")));
                Assert.Equal(alert.Id, root.GetProperty("finding_info").GetProperty("uid").GetString());
                Assert.Equal(alert.OccurredAt.ToUnixTimeMilliseconds(), root.GetProperty("time").GetInt64());
                Assert.True(root.GetProperty("is_alert").GetBoolean());
                Assert.False(root.TryGetProperty("actor", out _));
            }
        }

        using var whole = JsonDocument.Parse(FormatSettings.Write(schema, CatalogueEvents.Detections().First(), int.MaxValue));
        var info = whole.RootElement.GetProperty("finding_info");
        Assert.Equal("Password spraying", info.GetProperty("title").GetString());
        Assert.Equal(1, Number(info.GetProperty("analytic"), "type_id"));
        Assert.Equal(["T1110", "T1110.003"], info.GetProperty("attacks").EnumerateArray().Select(one => one.GetProperty("technique").GetProperty("uid").GetString()));
        var evidence = whole.RootElement.GetProperty("evidences")[0];
        Assert.Equal("2001:db8::7", evidence.GetProperty("src_endpoint").GetProperty("ip").GetString());
        Assert.Equal("alice", evidence.GetProperty("user").GetProperty("name").GetString());
    }

    [Fact]
    public void TheSamplesAreValidAndAWrongOneIsNot()
    {
        var validators = Validators("1.8.0");
        foreach (var line in File.ReadLines(RepositoryFiles.Shared("conformance", "samples", "ocsf_1_8_samples.jsonl")))
        {
            using var sample = JsonDocument.Parse(line);
            var text = sample.RootElement.GetProperty("event").GetRawText();
            AssertValid(validators, System.Text.Encoding.UTF8.GetBytes(text)).Dispose();
            foreach (var broken in new[]
            {
                text.Replace("\"time\": 1762164930123", "\"time\": 1762164930", StringComparison.Ordinal),
                text.Replace("\"activity_id\": ", "\"activity_id\": 6", StringComparison.Ordinal),
                text.Replace("\"metadata\"", "\"metadatum\"", StringComparison.Ordinal),
            })
            {
                using var wrong = JsonDocument.Parse(broken);
                Assert.NotEmpty(validators[wrong.RootElement.GetProperty("class_uid").GetInt32()].Validate(wrong.RootElement));
            }
        }
    }

    [Theory]
    [InlineData("ocsf")]
    [InlineData("ocsf-1.9")]
    public void ASubgroupStandsBelowItsGroup(string schema)
    {
        var created = Some.Normalized(EventStream.Admin, """
            {"operationType":"CREATE","resourceType":"GROUP","resourcePath":"groups/g1/children","representation":"{\"id\":\"g2\",\"name\":\"sub\"}"}
            """);
        using var document = JsonDocument.Parse(FormatSettings.Write(schema, created));

        Assert.Equal("""{"uid":"g1"}""", document.RootElement.GetProperty("group").GetRawText());
        Assert.Equal("""{"uid":"g2","name":"sub"}""", document.RootElement.GetProperty("subgroup").GetRawText());
    }

    [Fact]
    public void AFailedLoginIsAnAuthentication()
    {
        using var document = JsonDocument.Parse(FormatSettings.Write("ocsf", Some.LoginEvent()));
        var root = document.RootElement;

        Assert.Equal((3002, 1, 300201, 3), (Number(root, "class_uid"), Number(root, "activity_id"), Number(root, "type_uid"), Number(root, "severity_id")));
        Assert.Equal(1762164930123, root.GetProperty("time").GetInt64());
        Assert.Equal("1.8.0", Find(document, "metadata", "version"));
        Assert.Equal("LOGIN_ERROR", Find(document, "metadata", "event_code"));
        Assert.Equal("invalid_user_credentials", root.GetProperty("status_code").GetString());
        Assert.Equal("web-app", Find(document, "service", "name"));
        Assert.Equal("192.0.2.10", Find(document, "src_endpoint", "ip"));
        Assert.Equal("https://kc.example.com/realms/acme", Find(document, "session", "issuer"));
        Assert.Equal(4, Number(root, "auth_protocol_id"));
    }

    [Theory]
    [InlineData("ocsf", 3005, "privileges", """["admin","view-users"]""")]
    [InlineData("ocsf-1.9", 3007, "iam_roles", """[{"name":"admin"},{"name":"view-users"}]""")]
    public void AGrantNamesTheRoles(string schema, int classUid, string member, string expected)
    {
        const string Json = """
            {"id":"e1","operationType":"CREATE","resourceType":"REALM_ROLE_MAPPING","resourcePath":"users/u1/role-mappings/realm",
             "authDetails":{"userId":"a1"},"representation":"[{\"name\":\"admin\"},{\"name\":\"view-users\"}]"}
            """;
        using var document = JsonDocument.Parse(FormatSettings.Write(schema, Some.Normalized(EventStream.Admin, Json)));

        Assert.Equal(classUid, Number(document.RootElement, "class_uid"));
        Assert.Equal(expected, document.RootElement.GetProperty(member).GetRawText());
        Assert.Equal("u1", Find(document, "user", "uid"));
        Assert.Equal("a1", document.RootElement.GetProperty("actor").GetProperty("user").GetProperty("uid").GetString());
    }

    [Theory]
    [InlineData("ocsf")]
    [InlineData("ocsf-1.9")]
    public void EveryObservableIsAMemberOfItsEvent(string schema)
    {
        foreach (var securityEvent in CatalogueEvents.All())
        {
            foreach (var maxBytes in new[] { int.MaxValue, 1472, 1024 })
            {
                using var document = JsonDocument.Parse(FormatSettings.Write(schema, securityEvent, maxBytes));
                if (document.RootElement.TryGetProperty("observables", out var observables))
                {
                    Assert.All(observables.EnumerateArray(), one => Assert.Equal(
                        one.GetProperty("value").GetString(), At(document.RootElement, one.GetProperty("name").GetString()!)));
                }
            }
        }
    }

    [Theory]
    [InlineData("ocsf")]
    [InlineData("ocsf-1.9")]
    public void TheRepresentationIsThereInEveryClassAndOnlyWhereAskedFor(string schema)
    {
        var asked = EventFormatCatalog.Create(FormatSettings.For(schema, int.MaxValue) with { IncludeRepresentation = true });
        foreach (var securityEvent in CatalogueEvents.All().Where(one => one.Admin?.Representation is not null))
        {
            using var document = JsonDocument.Parse(FormatSettings.Write(asked, securityEvent));
            var place = Number(document.RootElement, "class_uid") == 3004 ? "entity.data" : "unmapped.representation";

            Assert.Equal(securityEvent.Admin!.Representation, At(document.RootElement, place));
            Assert.DoesNotContain("\"representation\"", FormatSettings.Text(FormatSettings.Write(schema, securityEvent)), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void AnActorIsWhoActedAndLivesInARealmOfItsOwn()
    {
        using var admin = JsonDocument.Parse(FormatSettings.Write("ocsf", Some.Normalized(EventStream.Admin, """
            {"id":"e1","operationType":"UPDATE","resourceType":"REALM","resourcePath":"","realmId":"r1",
             "authDetails":{"realmId":"master","clientId":"c1","userId":"a1"}}
            """) with { Actor = new EventParty("a1", "service-account-terraform", null, "master", "c1") }));
        using var registered = JsonDocument.Parse(FormatSettings.Write("ocsf", Some.Normalized(
            EventStream.User, """{"id":"e1","type":"CLIENT_REGISTER","realmId":"r1","clientId":"new-app"}""")));
        using var loggedIn = JsonDocument.Parse(FormatSettings.Write("ocsf", Some.LoginEvent()));

        Assert.Equal("master", At(admin.RootElement, "actor.idp.name"));
        Assert.Equal(("4", "Service"), (At(admin.RootElement, "actor.user.type_id"), At(admin.RootElement, "actor.user.type")));
        Assert.Equal("new-app", At(registered.RootElement, "entity.uid"));
        Assert.Null(At(registered.RootElement, "actor.app_uid"));
        Assert.Equal("web-app", At(loggedIn.RootElement, "actor.app_uid"));
        Assert.Equal("acme", At(loggedIn.RootElement, "actor.idp.name"));
    }

    // The member at a path such as users[0].name.
    private static string? At(JsonElement element, string path)
    {
        foreach (var name in path.Split('.'))
        {
            var isFirst = name.EndsWith("[0]", StringComparison.Ordinal);
            if (!element.TryGetProperty(isFirst ? name[..^3] : name, out var next))
            {
                return null;
            }

            element = isFirst ? next[0] : next;
        }

        return element.ToString();
    }

    private static SecurityEvent Long(SecurityEvent securityEvent) => new()
    {
        Id = securityEvent.Id, Kind = securityEvent.Kind, Type = securityEvent.Type, Description = securityEvent.Description, OccurredAt = securityEvent.OccurredAt,
        ReceivedAt = securityEvent.ReceivedAt, Outcome = securityEvent.Outcome, Severity = securityEvent.Severity, Position = 1, Admin = securityEvent.Admin,
        Source = securityEvent.Source with { Name = new string('n', 3000), Realm = new string('r', 3000) },
        Actor = new EventParty("a1", new string('a', 3000), null, null, null), ClientId = new string('c', 3000), IpAddress = "192.0.2.1",
    };

    private static Dictionary<int, JsonSchemaValidator> Validators(string version) => Classes
        .Where(one => version != "1.8.0" || one.Key is not (3007 or 3008))
        .ToDictionary(one => one.Key, one => new JsonSchemaValidator(JsonDocument.Parse(
            File.ReadAllText(RepositoryFiles.Shared("conformance", "ocsf", version, "jsonschema", one.Value + ".schema.json"))).RootElement));

    private static JsonDocument AssertValid(Dictionary<int, JsonSchemaValidator> validators, byte[] message)
    {
        var document = JsonDocument.Parse(message);
        var errors = validators[Number(document.RootElement, "class_uid")].Validate(document.RootElement);
        Assert.True(errors.Count == 0, string.Join("; ", errors) + " in " + FormatSettings.Text(message));
        return document;
    }

    private static int Number(JsonElement element, string name) => element.GetProperty(name).GetInt32();

    private static string Find(JsonDocument document, string parent, string name) =>
        document.RootElement.TryGetProperty(parent, out var found) && found.TryGetProperty(name, out var value) ? value.GetString()! : "";
}
