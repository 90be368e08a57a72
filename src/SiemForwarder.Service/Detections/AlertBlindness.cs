namespace SiemForwarder.Service.Detections;

/// <summary>Decides which rules over alerts are blind: those for which no rule that sees raises the alerts that they look at.</summary>
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

        return found;
    }

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
                var names = string.Join(", ", raisers.Take(MaxNames).Select(raiser => $"'{raiser.Head.Title}'"));
                return $"All rules whose alerts '{reader.Head.Title}' looks at are blind themselves: {names}{(raisers.Count > MaxNames ? " and others" : "")}.";
            }
        }

        return null;
    }
}
