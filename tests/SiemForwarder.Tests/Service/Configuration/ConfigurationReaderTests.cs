using System.Text.Json.Nodes;
using SiemForwarder.Service.Configuration;
using SiemForwarder.Service.Configuration.Files;

namespace SiemForwarder.Tests.Service.Configuration;

/// <summary>A configuration file is read by the contracts of the API, and every fault stands at its line.</summary>
public sealed class ConfigurationReaderTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("siemforwarder-configuration-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void WhatAMemberIsDecidesHowItsTextIsRead()
    {
        var declared = Read("""
            enginePools:
              - name: 007
                description: yes
            sources:
              - name: "acme"
                enabled: false
                keycloak: { baseUrl: https://sso.example.com, realm: acme, clientId: siem, clientSecret: env:SIEM_SECRET_ACME, pollIntervalSeconds: 7 }
            integrations:
              - name: siem
                serverUrl: tls://siem.example.com:6514
                sources: [acme]
                settings: { index: main, retries: 3, quoted: "3", raw: true }
            """);

        Assert.Empty(declared.Faults);
        Assert.Equal("forwarder.yaml", declared.Name);
        Assert.Equal("""[{"name":"007","description":"yes"}]""", declared.Request["enginePools"]!.ToJsonString());
        Assert.Equal(7, (int)declared.Request["sources"]![0]!["keycloak"]!["pollIntervalSeconds"]!);
        Assert.False((bool)declared.Request["sources"]![0]!["enabled"]!);
        Assert.Equal("""{"index":"main","retries":3,"quoted":"3","raw":true}""", declared.Request["integrations"]![0]!["settings"]!.ToJsonString());
        Assert.Equal("""["acme"]""", declared.Request["integrations"]![0]!["sources"]!.ToJsonString());
    }

    [Fact]
    public void EveryFaultIsToldAtOnceWithFileLineAndField()
    {
        var declared = Read("""
            sources:
              - name: acme
                keycloak:
                  baseUrl: https://sso.example.com
                  clientSecret: s3cr3t-in-a-file
                  pollIntervalSeconds: often
                  realmm: acme
            integrations:
              - name: siem
                serverURL: tls://siem.example.com
                enabled: yes
                sources: acme
                version: 3
                authentication:
                  type: bearer
                  token: "stored: write env:NAME here"
            pools: []
            """);

        Assert.Equal(
        [
            "5 source 'acme' keycloak.clientSecret: Is a secret, which must not appear in a configuration file",
            "6 source 'acme' keycloak.pollIntervalSeconds: Must be a whole number, not 'often'.",
            "7 source 'acme' keycloak.realmm: There is no such setting; did you mean realm?",
            "10 integration 'siem' serverURL: There is no such setting; did you mean serverUrl?",
            "11 integration 'siem' enabled: Must be true or false, not 'yes'.",
            "12 integration 'siem' sources: Must be a list",
            "13 integration 'siem' version: Is read-only and cannot be set",
            "16 integration 'siem' authentication.token: Is the placeholder for a secret that was not exported",
            "17  pools: There is no such setting here",
        ], declared.Faults.Zip([58, 200, 200, 200, 200, 14, 30, 53, 29]).Select(pair => $"{pair.First.Place.Line} {pair.First.Resource} {pair.First.Field}: {Cut(pair.First.Sentence, pair.Second)}"));
        Assert.DoesNotContain("s3cr3t", string.Join(' ', declared.Faults), StringComparison.Ordinal);
        Assert.Equal(Path.Combine(folder, "forwarder.yaml"), declared.Faults[0].Place.File);
    }

    [Theory]
    [InlineData("sources: [a", 2, "The YAML is invalid")]
    [InlineData("sources:\n  - name: a\n    name: b\n", 3, "The YAML is invalid")]
    [InlineData("- a\n", 1, "A configuration file must be a mapping")]
    [InlineData("sources: acme\n", 1, "Must be a list")]
    [InlineData("sources:\n  - acme\n", 2, "Must be a mapping")]
    public void WhatIsNoConfigurationIsASentence(string text, int line, string sentence)
    {
        var fault = Assert.Single(Read(text).Faults);

        Assert.Equal(line, fault.Place.Line);
        Assert.Contains(sentence, fault.Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void AFileThatIsAwayIsAFault() =>
        Assert.Contains("cannot be read", Assert.Single(ConfigurationReader.Read(Path.Combine(folder, "none.yaml")).Faults).Sentence, StringComparison.Ordinal);

    [Fact]
    public void AFolderIsOneConfigurationWhoseFaultsNameTheirFile()
    {
        File.WriteAllText(Path.Combine(folder, "10-sources.yaml"), "name: team blue\nsources:\n  - name: a\n");
        File.WriteAllText(Path.Combine(folder, "20-more.yml"), "sources:\n  - name: b\n    kind: http\n    inbox:\n      key: file:/run/secrets/b\n");
        File.WriteAllText(Path.Combine(folder, ".hidden.yaml"), "nonsense: 1");
        File.WriteAllText(Path.Combine(folder, "notes.txt"), "nonsense");

        var declared = ConfigurationReader.Read(folder);
        var fault = declared.Locate(PlannedChange.Source, 1, "inbox.key", "Is too short.");

        Assert.Empty(declared.Faults);
        Assert.Equal("team blue", declared.Name);
        Assert.Equal(["a", "b"], declared.Request["sources"]!.AsArray().Select(one => (string)one!["name"]!));
        Assert.Equal($"{Path.Combine(folder, "20-more.yml")}:5: source 'b', inbox.key: Is too short.", fault.ToString());
        Assert.Equal(2, declared.Locate(PlannedChange.Source, 1, "keycloak.realm", "Is missing.").Place.Line);
    }

    [Fact]
    public void AnAliasThatMultipliesIsRefused()
    {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + string.Concat(Enumerable.Range(1, 7).Select(level =>
            $"a{level}: &a{level} [{string.Join(", ", Enumerable.Repeat($"*a{level - 1}", 10))}]\n")) + "integrations:\n  - name: siem\n    settings: { all: *a7 }\n";

        var declared = Read(text);

        Assert.Contains(declared.Faults, fault => fault.Sentence.StartsWith("The configuration is too large", StringComparison.Ordinal));
        Assert.True(declared.Faults.Count < 20);
    }

    [Fact]
    public void WhatIsWrittenReadsBackAsItWas()
    {
        var configuration = JsonNode.Parse("""
            { "enginePools": [], "sources": [ { "name": "true", "kind": "http", "enabled": true } ],
              "integrations": [ { "name": "a: b # c", "serverUrl": "udp://127.0.0.1:514", "description": "one\ntwo\n", "sources": ["true"], "enabled": false,
                "settings": { "text": "007", "number": 7, "none": "null", "empty": "", "deep": { "list": ["1", "x"] } }, "filter": { "include": {} } } ] }
            """)!.AsObject();

        var declared = Read(ConfigurationWriter.Write((JsonObject)configuration.DeepClone()));

        Assert.Empty(declared.Faults);
        declared.Request.Remove("name");
        configuration.Remove("enginePools");
        Assert.True(JsonNode.DeepEquals(configuration, declared.Request), declared.Request.ToJsonString());
    }

    private static string Cut(string text, int length) => text.Length > length ? text[..length] : text;

    private DeclaredConfiguration Read(string text)
    {
        var path = Path.Combine(folder, "forwarder.yaml");
        File.WriteAllText(path, text);
        return ConfigurationReader.Read(path);
    }
}
