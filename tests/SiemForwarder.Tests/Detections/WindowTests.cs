using System.Globalization;
using SiemForwarder.Detections;
using SiemForwarder.Detections.Alerts;
using SiemForwarder.Detections.Fields;
using SiemForwarder.Detections.Rules;
using SiemForwarder.Events;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Detections;

/// <summary>Windows that slide find what counting anew at each event finds, whatever comes late.</summary>
public sealed class WindowTests
{
    private const int SpanMs = 1000;

    private readonly record struct Arrival(long At, int Position, string Type, string User, int Amount);

    [Theory]
    [InlineData("event_count", "gte: 4")]
    [InlineData("event_count", "eq: 3")]
    [InlineData("event_count", "gt: 2, lte: 4")]
    [InlineData("value_count", "gte: 3, field: username")]
    [InlineData("value_sum", "gte: 12, field: details.amount")]
    [InlineData("value_avg", "gt: 4.5, field: details.amount")]
    [InlineData("value_median", "gte: 5, field: details.amount")]
    [InlineData("value_percentile", "gte: 7, percentile: 90, field: details.amount")]
    [InlineData("temporal", "gte: 3")]
    [InlineData("temporal_ordered", "gte: 3")]
    public void AWindowThatSlidesFindsWhatCountingAnewFinds(string type, string condition)
    {
        var rules = EngineRun.Rules(
            [.. "ABC".Select(one => $"title: {one}\nname: {one}\nlogsource: {{ product: keycloak }}\ndetection: {{ s: {{ type: {one} }}, condition: s }}"),
                EngineRun.Correlation($"type: {type}, rules: [A, B, C], timespan: 1s, condition: {{ {condition} }}")]);
        var hits = 0;
        for (var seed = 0; seed < 40; seed++)
        {
            var arrivals = RandomArrivals(new Random(seed));
            var expected = CountAnew(arrivals, type, condition);
            hits += expected.Count;
            Assert.Equal(expected, Run(rules, arrivals));
        }

        Assert.InRange(hits, 20, 100_000);
    }

    private static List<Arrival> RandomArrivals(Random random)
    {
        var arrivals = new List<Arrival>();
        for (var index = 0; index < 60; index++)
        {
            var late = random.Next(4) == 0 ? random.Next(2500) : 0;
            arrivals.Add(new Arrival(10_000 + (index * 150) - late, index, "ABC".Substring(random.Next(3), 1), $"u{random.Next(5)}", random.Next(10)));
        }

        return arrivals;
    }

    private static List<string> Run(string rules, List<Arrival> arrivals)
    {
        var set = RuleSet.Load([new RuleFile("rules.yml", rules)], new Dictionary<string, IReadOnlyList<string>>());
        Assert.Empty(set.Refusals);
        var engine = new DetectionEngine(set, new EngineOptions { Mode = AlertMode.EveryHit, Lateness = TimeSpan.FromSeconds(2) });
        var alerts = new List<Alert>();
        foreach (var one in arrivals)
        {
            engine.Follow(
                Some.LoginEvent(one.Type, one.User, null, position: one.Position) with
                {
                    OccurredAt = DateTimeOffset.FromUnixTimeMilliseconds(one.At),
                    Details = [new("amount", one.Amount.ToString(CultureInfo.InvariantCulture))],
                },
                null, LocalCalendar.Utc, alerts);
        }

        return [.. alerts.Where(alert => alert.Rule.Title == "C" && alert.Rule.Name == "c_C").Select(alert => $"{alert.Trigger.Position}: {alert.Value:0.####}")];
    }

    // The definition, without any state: each arrival, each window that holds it, the earliest first.
    private static List<string> CountAnew(List<Arrival> arrivals, string type, string condition)
    {
        var hits = new List<string>();
        var known = new List<Arrival>();
        var high = long.MinValue;
        foreach (var arrival in arrivals)
        {
            high = Math.Max(high, arrival.At);
            if (arrival.At < high - 2000)
            {
                continue;
            }

            known.Add(arrival);
            var ordered = known.OrderBy(one => one.At).ThenBy(one => one.Position).ToList();
            foreach (var end in ordered.Where(one => (one.At, one.Position).CompareTo((arrival.At, arrival.Position)) >= 0 && one.At <= arrival.At + SpanMs))
            {
                if (Value(ordered.Where(one => one.At <= end.At && one.At >= end.At - SpanMs).ToList(), type) is { } value && Holds(value, condition))
                {
                    hits.Add(string.Create(CultureInfo.InvariantCulture, $"{arrival.Position}: {value:0.####}"));
                    break;
                }
            }
        }

        return hits;
    }

    private static double? Value(List<Arrival> window, string type)
    {
        var amounts = window.Select(one => (double)one.Amount).Order().ToList();
        switch (type)
        {
            case "event_count":
                return window.Count;
            case "value_count":
                return window.Select(one => one.User).Distinct().Count();
            case "value_sum":
                return amounts.Sum();
            case "value_avg":
                return amounts.Average();
            case "value_median":
                return (amounts[(amounts.Count - 1) / 2] + amounts[amounts.Count / 2]) / 2;
            case "value_percentile":
                var rank = 0.9 * (amounts.Count - 1);
                var above = Math.Min((int)rank + 1, amounts.Count - 1);
                return amounts[(int)rank] + ((amounts[above] - amounts[(int)rank]) * (rank - (int)rank));
            case "temporal":
                return window.Select(one => one.Type).Distinct().Count();
            default:
                var reached = 0;
                foreach (var one in window)
                {
                    reached += reached < 3 && one.Type == "ABC".Substring(reached, 1) ? 1 : 0;
                }

                return reached;
        }
    }

    private static bool Holds(double value, string condition) => condition.Split(", ").All(part => part.Split(": ") switch
    {
        ["gte", var limit] => value >= double.Parse(limit, CultureInfo.InvariantCulture),
        ["gt", var limit] => value > double.Parse(limit, CultureInfo.InvariantCulture),
        ["lte", var limit] => value <= double.Parse(limit, CultureInfo.InvariantCulture),
        ["eq", var limit] => value == double.Parse(limit, CultureInfo.InvariantCulture),
        _ => true,
    });
}
