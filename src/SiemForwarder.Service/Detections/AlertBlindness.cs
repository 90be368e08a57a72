using SiemForwarder.Connections;
using SiemForwarder.Detections.Rules;

namespace SiemForwarder.Service.Detections;

/// <summary>Decides which rules over alerts are blind: those for which no rule that sees raises the alerts that they look at.</summary>
/// <remarks>Where only some of those rules see, it is partly blind; that and whoever reads its alerts is shown, and raises no alarm of its own.</remarks>
internal static class AlertBlindness
{
    private const int MaxNames = 5;

    /// <param name="rules">The rules that run.</param>
    /// <param name="spots">Where the other rules are blind.</param>
    public static IEnumerable<BlindSpot> Find(RunningRules rules, IReadOnlyList<BlindSpot> spots)
    {
        var blind = spots.Select(spot => spot.Rule).ToHashSet(StringComparer.Ordinal);
        var open = rules.Reported.Where(rule => rules.Reaches[rule.Head.Key].AlertReaders.Count > 0 && !blind.Contains(rule.Head.Key)).ToList();
        var found = new List<BlindSpot>();
        // Alerts of a rule over alerts may be looked at by another, which is then blind too.
        while (open.Select(rule => (Rule: rule, Reason: WhyBlind(rules, rules.Reaches[rule.Head.Key], blind))).FirstOrDefault(one => one.Reason is not null)
            is { Rule: { } rule, Reason: { } reason })
        {
            open.Remove(rule);
            blind.Add(rule.Head.Key);
            found.Add(new BlindSpot(rule.Head.Key, rule.File, 0, reason));
        }

        found.AddRange(FindPartial(rules, open, blind));
        return found;
    }

    private static List<BlindSpot> FindPartial(RunningRules rules, List<AlertingRule> open, HashSet<string> blind)
    {
        var found = new List<BlindSpot>();
        var misses = new HashSet<string>(blind, StringComparer.Ordinal);
        while (open.Select(rule => (Rule: rule, Reason: WhyPartlyBlind(rules, rules.Reaches[rule.Head.Key], misses)))
            .FirstOrDefault(one => one.Reason is not null) is { Rule: { } rule, Reason: { } reason })
        {
            open.Remove(rule);
            misses.Add(rule.Head.Key);
            found.Add(new BlindSpot(rule.Head.Key, rule.File, 0, reason) { IsPartial = true });
        }

        return found;
    }

    private static string? WhyPartlyBlind(RunningRules rules, RuleReach reach, HashSet<string> misses)
    {
        var raisers = reach.AlertReaders.SelectMany(rules.Rules.Sight.RaisersFor).Where(rule => rules.IsReported(rule.Head.Key)).Distinct().ToList();
        var lacking = raisers.Where(rule => misses.Contains(rule.Head.Key)).ToList();
        return lacking.Count == 0 ? null
            : $"{lacking.Count} of {CountText.Of(raisers.Count, "rule")} whose alerts it looks at {(lacking.Count == 1 ? "is" : "are")} blind, or partly so: "
                + $"{Names(lacking)}. It sees the alerts of the others only; see why they are blind.";
    }

    private static string Names(List<AlertingRule> rules) =>
        $"{string.Join(", ", rules.Take(MaxNames).Select(rule => $"'{rule.Head.Title}'"))}{(rules.Count > MaxNames ? " and others" : "")}";

    private static string? WhyBlind(RunningRules rules, RuleReach reach, HashSet<string> blind)
    {
        foreach (var reader in reach.AlertReaders)
        {
            var raisers = rules.Rules.Sight.RaisersFor(reader).Where(rule => rules.IsReported(rule.Head.Key)).ToList();
            if (raisers.Count == 0)
            {
                return $"No enabled rule raises the alerts that '{reader.Head.Title}' looks at; enable one.";
            }

            if (raisers.TrueForAll(raiser => blind.Contains(raiser.Head.Key)))
            {
                return $"All rules whose alerts '{reader.Head.Title}' looks at are blind themselves: {Names(raisers)}.";
            }
        }

        return null;
    }
}
