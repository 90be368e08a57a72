using System.Text;
using SiemForwarder.Detections;
using SiemForwarder.Detections.Fields;
using SiemForwarder.Detections.Rules;
using SiemForwarder.Events;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Detections;

/// <summary>What an admin event changed is told by the representation before it.</summary>
public sealed class ObjectHistoryTests
{
    private const string Rule = """
        title: Direct grants on
        logsource: { product: keycloak, service: admin }
        detection:
          selection:
            changed.directAccessGrantsEnabled: true
            previous.directAccessGrantsEnabled: false
          condition: selection
        """;

    [Theory]
    [InlineData("[false,true]", ".x")]
    [InlineData("[true]", ".")]
    [InlineData("[true,true]", "..")]
    [InlineData("[false,true,true,false,true]", ".x..x")]
    public void OnlyTheSaveThatChangesTheSettingMatches(string values, string expected) =>
        Assert.Equal(expected, Run(new SingleEventMatcher(Load()), values.Trim('[', ']').Split(','), "clients/c1"));

    [Fact]
    public void AnotherObjectIsComparedWithItself()
    {
        var matcher = new SingleEventMatcher(Load());

        Assert.Equal(".", Run(matcher, ["false"], "clients/c1"));
        Assert.Equal(".", Run(matcher, ["true"], "clients/c2"));
        Assert.Equal("x", Run(matcher, ["true"], "clients/c1"));
    }

    [Fact]
    public void WhatIsKnownIsWrittenAndReadBack()
    {
        var history = Follow(10, ["""{"enabled":true,"redirectUris":["https://a/*","x:1"],"n":5}"""]);
        var written = Bytes(history);
        var read = new ObjectHistory(["enabled", "n", "redirectUris"], 10);
        read.ReadFrom(new BinaryReader(new MemoryStream(written)));

        Assert.Equal(written, Bytes(read));
        Assert.InRange(written.Length, 60, 1000);
    }

    [Fact]
    public void TheStalestObjectLeavesAndIsCounted() =>
        Assert.Equal(5, Follow(10, Enumerable.Repeat("""{"enabled":true}""", 15)).EvictedCount);

    private static ObjectHistory Follow(int maxObjects, IEnumerable<string> representations)
    {
        var table = new FieldTable(FieldNaming.Normalized, new Dictionary<string, IReadOnlyList<string>>());
        var fields = new EventFields(table);
        var history = new ObjectHistory(["enabled", "n", "redirectUris"], maxObjects);
        var number = 0;
        foreach (var representation in representations)
        {
            fields.Load(Update($"clients/{++number}", representation), LocalCalendar.Utc);
            history.Follow(fields);
        }

        return history;
    }

    private static byte[] Bytes(ObjectHistory history)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        history.WriteTo(writer);
        writer.Flush();
        return stream.ToArray();
    }

    private static RuleSet Load() => RuleSet.Load([new RuleFile("rule.yml", Rule)], new Dictionary<string, IReadOnlyList<string>>());

    private static string Run(SingleEventMatcher matcher, IEnumerable<string> values, string path)
    {
        var marks = new StringBuilder();
        foreach (var value in values)
        {
            var matches = new List<DetectionRule>();
            matcher.Match(Update(path, $"{{\"clientId\":\"web\",\"directAccessGrantsEnabled\":{value}}}"), LogSource.KeycloakAdmin, LocalCalendar.Utc, matches);
            marks.Append(matches.Count == 1 ? 'x' : '.');
        }

        return marks.ToString();
    }

    private static SecurityEvent Update(string path, string representation) => Some.LoginEvent("UPDATE-CLIENT", error: null) with
    {
        Kind = EventKind.Admin,
        Admin = new AdminAction("UPDATE", "CLIENT", path, null, representation),
    };
}
