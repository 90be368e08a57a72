using System.Text;
using System.Text.Json;
using SiemForwarder.Detections;
using SiemForwarder.Detections.Fields;
using SiemForwarder.Detections.Rules;
using SiemForwarder.Events;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Detections;

/// <summary>The engine answers the vectors of Sigma as their <c>expected</c> says.</summary>
public sealed class SigmaVectorTests
{
    private static readonly Dictionary<string, IReadOnlyList<string>> NoLists = [];

    [Fact]
    public void EverySingleEventVectorMatchesAsExpected()
    {
        using var vectors = JsonDocument.Parse(File.ReadAllBytes(RepositoryFiles.Shared("conformance", "sigma", "detection.json")));
        var differences = new List<string>();
        foreach (var vector in vectors.RootElement.EnumerateArray())
        {
            var (expected, found) = (Expected(vector), Found(vector));
            if (expected != found)
            {
                differences.Add($"{vector.GetProperty("name").GetString()}: expected {expected}, found {found}");
            }
        }

        Assert.Empty(differences);
        Assert.InRange(vectors.RootElement.GetArrayLength(), 79, 1000);
    }

    private static string Expected(JsonElement vector) =>
        vector.GetProperty("expected").TryGetProperty("matches", out var matches)
            ? string.Join("; ", matches.EnumerateObject().Where(one => one.Value.GetArrayLength() > 0).OrderBy(one => one.Name, StringComparer.Ordinal)
                .Select(one => $"{one.Name}: {string.Join(",", one.Value.EnumerateArray())}"))
            : "refused";

    private static string Found(JsonElement vector)
    {
        var rules = RuleSet.Load([new RuleFile("vector.yml", vector.GetProperty("rules").GetString()!)], NoLists, FieldNaming.AsSent);
        if (rules.Refusals.Count > 0)
        {
            return "refused";
        }

        var matcher = new SingleEventMatcher(rules);
        var found = new SortedDictionary<string, List<int>>(StringComparer.Ordinal);
        var events = vector.GetProperty("events").EnumerateArray().ToList();
        for (var index = 0; index < events.Count; index++)
        {
            var matches = new List<DetectionRule>();
            matcher.Match(Some.LoginEvent() with { Raw = Encoding.UTF8.GetBytes(events[index].GetRawText()) }, null, LocalCalendar.Utc, matches);
            foreach (var rule in matches)
            {
                found.TryAdd(rule.Head.Title, []);
                found[rule.Head.Title].Add(index);
            }
        }

        return string.Join("; ", found.Select(one => $"{one.Key}: {string.Join(",", one.Value)}"));
    }
}
