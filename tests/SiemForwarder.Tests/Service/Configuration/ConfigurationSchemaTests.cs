using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using SiemForwarder.Service.Configuration.Files;
using SiemForwarder.Tests.Events.Formats;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Service.Configuration;

/// <summary>docs/forwarder.schema.json is made from the contracts (UPDATE_GOLDEN=1 writes it anew), and takes and refuses what the reader does.</summary>
public sealed class ConfigurationSchemaTests : IDisposable
{
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonObject Schema = ConfigurationSchema.Create();

    private readonly string folder = Directory.CreateTempSubdirectory("siemforwarder-schema-").FullName;

    // What a member that takes a path names in the tests.
    public ConfigurationSchemaTests() => File.WriteAllText(Path.Combine(folder, "some-text"), "title: Some rule");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void TheDocumentIsTheSchemaOfTheContracts()
    {
        var path = Path.Combine(RepositoryFiles.Root, "docs", "forwarder.schema.json");
        var text = Schema.ToJsonString(Readable) + "\n";
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            File.WriteAllText(path, text, new UTF8Encoding(false));
        }

        Assert.Equal(text, File.ReadAllText(path));
    }

    public static TheoryData<string> Members => [.. Leaves().Select(one => one.Path).Distinct()];

    [Theory]
    [MemberData(nameof(Members))]
    public void EveryMemberIsTakenByBothAndOneOfAnotherTypeByNeither(string path)
    {
        var (_, right, wrong) = Leaves().Single(one => one.Path == path);

        Assert.Equal("", FaultsOf(With(path, right)));
        Assert.Equal("", string.Join('\n', Check(With(path, right))));
        if (wrong is not null)
        {
            Assert.NotEqual("", FaultsOf(With(path, wrong)));
            Assert.NotEmpty(Check(With(path, wrong)));
        }
    }

    [Theory]
    [InlineData("""{"integrations":[{"name":"siem","serverURL":"tls://siem"}]}""")]
    [InlineData("""{"integrations":[{"name":"siem","filter":{"include":{"tipes":[]}}}]}""")]
    [InlineData("""{"integrations":[{"name":"siem","version":3}]}""")]
    [InlineData("""{"integrations":[{"name":"siem","authentication":{"type":"bearer","token":"s3cr3t"}}]}""")]
    [InlineData("""{"integrations":[{"name":"siem","settings":{"token":"s3cr3t"}}]}""")]
    [InlineData("""{"sources":[{"name":"acme","keycloak":{"clientSecret":"s3cr3t"}}]}""")]
    [InlineData("""{"sources":{"name":"acme"}}""")]
    [InlineData("""{"sources":["acme"]}""")]
    [InlineData("""{"prune":"perhaps"}""")]
    [InlineData("""{"surces":[]}""")]
    public void WhatTheReaderRefusesTheSchemaRefuses(string json)
    {
        Assert.NotEqual("", FaultsOf(JsonNode.Parse(json)!));
        Assert.NotEmpty(Check(JsonNode.Parse(json)!));
    }

    [Fact]
    public void TheExampleOfTheDocumentationIsValid()
    {
        var document = File.ReadAllText(Path.Combine(RepositoryFiles.Root, "docs", "configuration.md"));
        var file = Path.Combine(folder, "forwarder.yaml");
        File.WriteAllText(file, document.Split("```yaml\n")[1].Split("```")[0]);
        Directory.CreateDirectory(Path.Combine(folder, "rules"));
        File.WriteAllText(Path.Combine(folder, "rules", "break-glass.yml"), "title: Break glass");
        File.WriteAllText(Path.Combine(folder, "rules", "break-glass.fixtures.yml"), "fires: []");
        var declared = ConfigurationReader.Read(file);

        Assert.Empty(declared.Faults);
        Assert.Empty(Check(declared.Request));
        Assert.Equal(6, declared.Request.Count(member => member.Value is JsonArray));
    }

    // Path, a value that is right, and one of another type.
    private static IEnumerable<(string Path, JsonNode Right, JsonNode? Wrong)> Leaves() => Schema["properties"]!.AsObject().SelectMany(one => Leaves(one.Key, one.Value!));

    private static IEnumerable<(string Path, JsonNode Right, JsonNode? Wrong)> Leaves(string path, JsonNode schema)
    {
        var type = schema["type"] is JsonArray types ? (string?)types[0] : (string?)schema["type"];
        return type switch
        {
            "object" => schema["properties"]!.AsObject().SelectMany(one => Leaves($"{path}.{one.Key}", one.Value!)),
            "array" => Leaves($"{path}[]", schema["items"]!),
            "boolean" => [(path, true, "perhaps")],
            "integer" => [(path, (int)(schema["minimum"] ?? 1), "many")],
            null => [(path, "anything", null)],
            _ => [(path, Text(schema), new JsonObject { ["x"] = 1 })],
        };
    }

    private static string Text(JsonNode schema) => (string?)schema["anyOf"]?[0]!["enum"]![0]
        ?? (((string?)schema["pattern"])?.Contains("env|file", StringComparison.Ordinal) == true ? "env:SIEM_SECRET_X" : "some-text");

    private static JsonNode With(string path, JsonNode value)
    {
        var parts = path.Split('.');
        var node = value.DeepClone();
        foreach (var part in parts.Reverse())
        {
            var name = part.TrimEnd('[', ']');
            var inner = part.EndsWith("[]", StringComparison.Ordinal) ? new JsonArray(node) : node;
            node = new JsonObject { [name] = inner };
        }

        return node;
    }

    private static IReadOnlyList<string> Check(JsonNode value)
    {
        using var schema = JsonDocument.Parse(Schema.ToJsonString());
        using var document = JsonDocument.Parse(value.ToJsonString());
        return new JsonSchemaValidator(schema.RootElement).Validate(document.RootElement);
    }

    private string FaultsOf(JsonNode value)
    {
        var file = Path.Combine(folder, "forwarder.json");
        File.WriteAllText(file, value.ToJsonString());
        return string.Join('\n', ConfigurationReader.Read(file).Faults);
    }
}
