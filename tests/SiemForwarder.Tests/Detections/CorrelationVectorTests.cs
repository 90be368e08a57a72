using System.Globalization;
using System.Text;
using System.Text.Json;
using SiemForwarder.Detections;
using SiemForwarder.Detections.Alerts;
using SiemForwarder.Detections.Fields;
using SiemForwarder.Detections.Rules;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Detections;

/// <summary>The engine answers the vectors of Sigma's correlations as their <c>expected</c> says.</summary>
public sealed class CorrelationVectorTests
{
    private static readonly Dictionary<string, IReadOnlyList<string>> NoLists = [];

    [Fact]
    public void EveryCorrelationVectorFiresAsExpected()
    {
        using var vectors = JsonDocument.Parse(File.ReadAllBytes(RepositoryFiles.Shared("conformance", "sigma", "correlation.json")));
        var differences = new List<string>();
        foreach (var vector in vectors.RootElement.EnumerateArray())
        {
            var (expected, found) = (Expected(vector), Found(vector));
            if (expected != found)
            {
                differences.Add($"{vector.GetProperty("name").GetString()}:\n expected {expected}\n found    {found}");
            }
        }

        Assert.Empty(differences);
        Assert.InRange(vectors.RootElement.GetArrayLength(), 49, 1000);
    }

    // The vectors of another engine's own attributes say in its words what the forwarder map says in ours.
    private static RuleSet Load(string rules)
    {
        var text = rules.Replace("rsigma.suppress: 30s", "forwarder: { suppress: 30s }", StringComparison.Ordinal)
            .Replace("rsigma.window: session\nrsigma.gap: 30s", "forwarder: { window: session, gap: 30s }", StringComparison.Ordinal);
        return RuleSet.Load([new RuleFile("vector.yml", text)], NoLists, FieldNaming.AsSent);
    }

    private static string Expected(JsonElement vector)
    {
        var expected = vector.GetProperty("expected");
        if (expected.TryGetProperty("refused", out _))
        {
            return "refused";
        }

        var fired = expected.GetProperty("fired").EnumerateArray().Select(one => Line(
            one.GetProperty("rule").GetString()!, one.GetProperty("event").GetInt32(),
            one.GetProperty("group").EnumerateObject().Select(member => (member.Name, member.Value.ToString())), one.GetProperty("value").GetDouble()));
        var reported = !expected.TryGetProperty("reported", out var rules) ? [] : rules.EnumerateObject()
            .SelectMany(rule => rule.Value.EnumerateArray().Select(at => $"reported {rule.Name}@{at}"));
        return string.Join("; ", fired.Concat(reported).Order(StringComparer.Ordinal));
    }

    private static string Found(JsonElement vector)
    {
        var rules = Load(vector.GetProperty("rules").GetString()!);
        if (rules.Refusals.Count > 0)
        {
            return "refused";
        }

        var suppresses = vector.GetProperty("name").GetString() == "x_suppress";
        var correlations = rules.Correlations.Select(rule => rule.Head.Title).ToHashSet();
        var fired = Run(rules, vector, suppresses ? AlertMode.Suppressed : AlertMode.EveryHit).Where(alert => correlations.Contains(alert.Rule.Title))
            .Select(alert => Line(alert.Rule.Title, (int)alert.Trigger.Position, alert.Group.Select(one => (one.Name, one.Value)), alert.Value!.Value));
        var reported = !vector.GetProperty("expected").TryGetProperty("reported", out _) ? [] : Run(rules, vector, AlertMode.Suppressed)
            .Where(alert => !correlations.Contains(alert.Rule.Title)).Select(alert => $"reported {alert.Rule.Title}@{alert.Trigger.Position}");
        return string.Join("; ", fired.Concat(reported).Order(StringComparer.Ordinal));
    }

    private static List<Alert> Run(RuleSet rules, JsonElement vector, AlertMode mode)
    {
        var engine = new DetectionEngine(rules, new EngineOptions { Mode = mode });
        var alerts = new List<Alert>();
        var index = 0;
        foreach (var one in vector.GetProperty("events").EnumerateArray())
        {
            engine.Follow(
                Some.LoginEvent(position: index) with
                {
                    Id = $"event {index}",
                    OccurredAt = DateTimeOffset.FromUnixTimeMilliseconds(one.GetProperty("time").GetInt64()),
                    Raw = Encoding.UTF8.GetBytes(one.GetRawText()),
                },
                null, LocalCalendar.Utc, alerts);
            index++;
        }

        Assert.Empty(engine.Faults.All);
        return alerts;
    }

    private static string Line(string rule, int at, IEnumerable<(string Name, string Value)> group, double value) => string.Create(
        CultureInfo.InvariantCulture, $"{rule}@{at} {{{string.Join(",", group.OrderBy(one => one.Name, StringComparer.Ordinal).Select(one => $"{one.Name}={one.Value}"))}}} {value:0.###}");
}
