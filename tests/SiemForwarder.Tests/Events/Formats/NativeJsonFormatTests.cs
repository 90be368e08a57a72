using System.Text.Json;
using System.Text.RegularExpressions;
using SiemForwarder.Events;
using SiemForwarder.Events.Formats;
using SiemForwarder.Events.Formats.Native;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Events.Formats;

/// <summary>The native schema and what is written in it agree.</summary>
public sealed class NativeJsonFormatTests
{
    private const string RoleGrant = """
        {"id":"e1","time":1762164930123,"operationType":"CREATE","resourceType":"CLIENT","resourcePath":"clients/c1",
         "authDetails":{"realmId":"m","clientId":"c0de","userId":"a1"},"representation":"{\"clientId\":\"x\",\"secret\":\"hush\",\"n\":[1]}"}
        """;

    [Fact]
    public void EveryRecordedEventIsValid()
    {
        using var schema = ReadSchema();
        foreach (var securityEvent in RecordedEvents.Names.SelectMany(RecordedEvents.Normalized).Append(TestEvent.Create(Some.Source, "t-1", Some.ReceivedAt)))
        {
            using var message = Parse(securityEvent, includeRepresentation: true);
            AssertValid(schema.RootElement, message.RootElement);
        }
    }

    [Fact]
    public void EveryAlertIsValid()
    {
        using var schema = ReadSchema();
        foreach (var alert in CatalogueEvents.Detections())
        {
            using var message = Parse(alert, includeRepresentation: true);
            AssertValid(schema.RootElement, message.RootElement);
            Assert.Equal("detection", message.RootElement.GetProperty("kind").GetString());
        }
    }

    [Fact]
    public void TheEmbeddedSchemaIsThePublishedOne()
    {
        using var embedded = new StreamReader(NativeJson.OpenSchema());

        Assert.Equal(File.ReadAllText(Path.Combine(RepositoryFiles.Root, "docs", "native.schema.json")), embedded.ReadToEnd());
    }

    [Fact]
    public void EveryMemberIsDocumented()
    {
        using var schema = ReadSchema();
        var documentation = File.ReadAllText(Path.Combine(RepositoryFiles.Root, "docs", "native.md"));

        Assert.All(schema.RootElement.GetProperty("properties").EnumerateObject(), member => Assert.Contains($"| `{member.Name}` |", documentation, StringComparison.Ordinal));
    }

    [Fact]
    public void AnAdminEventTellsWhoDidWhatToWhat()
    {
        using var message = Parse(Some.Normalized(EventStream.Admin, RoleGrant));

        var expected = new Dictionary<string, string>
        {
            ["event_type"] = "CREATE-CLIENT", ["requestor"] = "a1", ["requestor_id"] = "a1", ["requestor_realm"] = "m", ["requestor_client_id"] = "c0de",
            ["operation"] = "CREATE", ["resource_type"] = "CLIENT", ["resource_path"] = "clients/c1", ["resource_id"] = "c1", ["org_id"] = "acme",
        };
        Assert.All(expected, member => Assert.Equal(member.Value, message.RootElement.GetProperty(member.Key).GetString()));
        Assert.False(message.RootElement.TryGetProperty("representation", out _));
        Assert.False(message.RootElement.TryGetProperty("client_id", out _));
    }

    [Fact]
    public void TheRepresentationIsJsonWhenAskedForAndRedacted()
    {
        using var message = Parse(Some.Normalized(EventStream.Admin, RoleGrant), includeRepresentation: true);

        Assert.Equal("""{"clientId":"x","secret":"**********","n":[1]}""", message.RootElement.GetProperty("representation").GetRawText());
    }

    [Fact]
    public void AnUnreadableRepresentationIsAText()
    {
        var broken = RoleGrant.Replace("[1]}", "[1", StringComparison.Ordinal);
        using var message = Parse(Some.Normalized(EventStream.Admin, broken), includeRepresentation: true);

        Assert.Equal(JsonValueKind.String, message.RootElement.GetProperty("representation").ValueKind);
    }

    [Fact]
    public void LineSeparatorsAreEscaped()
    {
        var line = FormatSettings.Text(FormatSettings.Write("json", Some.LoginEvent(userName: "a\u2028b\u2029c\u0085d\u007F")));

        Assert.Contains(@"a\u2028b\u2029c\u0085d\u007F", line, StringComparison.OrdinalIgnoreCase);
    }

    // The few words of JSON Schema that our schema uses.
    private static void AssertValid(JsonElement schema, JsonElement message)
    {
        var properties = schema.GetProperty("properties");
        Assert.All(schema.GetProperty("required").EnumerateArray(), name => Assert.True(message.TryGetProperty(name.GetString()!, out _)));
        foreach (var member in message.EnumerateObject())
        {
            Assert.True(properties.TryGetProperty(member.Name, out var rule), member.Name);
            if (rule.TryGetProperty("type", out var type))
            {
                var types = type.ValueKind == JsonValueKind.Array ? type.EnumerateArray().Select(one => one.GetString()) : [type.GetString()];
                Assert.Contains(TypeOf(member.Value), types);
            }

            if (rule.TryGetProperty("enum", out var values))
            {
                Assert.Contains(member.Value.GetString(), values.EnumerateArray().Select(value => value.GetString()));
            }

            if (rule.TryGetProperty("pattern", out var pattern))
            {
                Assert.Matches(new Regex(pattern.GetString()!), member.Value.GetString()!);
            }

            if (rule.TryGetProperty("const", out var constant))
            {
                Assert.Equal(constant.ValueKind, member.Value.ValueKind);
            }
        }
    }

    private static string TypeOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Number => "integer",
        JsonValueKind.True or JsonValueKind.False => "boolean",
        var kind => kind.ToString().ToLowerInvariant(),
    };

    private static JsonDocument ReadSchema()
    {
        using var stream = NativeJson.OpenSchema();
        return JsonDocument.Parse(stream);
    }

    private static JsonDocument Parse(SecurityEvent securityEvent, bool includeRepresentation = false)
    {
        var settings = FormatSettings.For("json", int.MaxValue) with { IncludeRepresentation = includeRepresentation };
        return JsonDocument.Parse(FormatSettings.Write(EventFormatCatalog.Create(settings), securityEvent));
    }
}
