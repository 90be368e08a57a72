using System.Security.Cryptography;
using System.Text;
using SiemForwarder.Detections.Matching;

namespace SiemForwarder.Detections.Rules;

/// <summary>Joins documents: filters with the rules that they are for, correlations with the rules that feed them.</summary>
/// <remarks>A file whose document names what is not there is refused whole, and with it in turn the files that name its rules.</remarks>
internal sealed class RuleLinks
{
    private const int MaxDepth = 10;

    private readonly IReadOnlyDictionary<string, IReadOnlyList<string>> lists;
    private readonly List<RuleDocument> documents;
    private readonly Dictionary<string, RuleDocument> byReference = new(StringComparer.Ordinal);
    private readonly Dictionary<RuleDocument, AlertingRule> rules = new(ReferenceEqualityComparer.Instance);

    private RuleLinks(List<RuleDocument> documents, IReadOnlyDictionary<string, IReadOnlyList<string>> lists)
    {
        this.documents = documents;
        this.lists = lists;
    }

    public List<DetectionRule> Detections { get; } = [];

    /// <summary>Each behind those that it names.</summary>
    public List<CorrelationRule> Correlations { get; } = [];

    /// <summary>Joins all documents that can be joined; why the others cannot is added to <paramref name="refusals"/>.</summary>
    public static RuleLinks Join(
        IReadOnlyList<RuleDocument> documents, IReadOnlyDictionary<string, IReadOnlyList<string>> lists, List<RuleFinding> refusals)
    {
        var left = documents.ToList();
        while (true)
        {
            var links = new RuleLinks(left, lists);
            links.Check();
            var refused = left.Where(document => document.Reading.Refusals.Count > 0).ToList();
            if (refused.Count == 0)
            {
                links.Build();
                return links;
            }

            refusals.AddRange(refused.SelectMany(document => document.Reading.Refusals));
            left.RemoveAll(document => refused.Exists(one => one.File == document.File));
        }
    }

    private void Check()
    {
        foreach (var document in documents.Where(document => !document.IsFilter))
        {
            var keys = new[] { document.Head.Id, document.Head.Name, document.Head.Key }.OfType<string>().Distinct(StringComparer.Ordinal);
            foreach (var key in keys.Where(key => !byReference.TryAdd(key, document)))
            {
                document.Reading.Refuse("", $"another rule has the id, name or title '{key}' too");
            }
        }

        foreach (var document in documents)
        {
            CheckReferences(document);
        }

        foreach (var document in documents.Where(document => document.Correlation is not null && document.Reading.Refusals.Count == 0))
        {
            if (Depth(document, []) > MaxDepth)
            {
                document.Reading.Refuse("correlation.rules", "correlations name one another in a circle, or more than 10 deep");
            }
        }
    }

    private void CheckReferences(RuleDocument document)
    {
        foreach (var reference in document.Correlation?.References ?? [])
        {
            if (Find(reference) is not { } named)
            {
                document.Reading.Refuse("correlation.rules", $"there is no rule with the name or id '{reference}'");
            }
            else if (named.Head.DisabledReason is { } reason)
            {
                document.Reading.Lint("correlation.rules", $"'{reference}' never feeds it: {reason}");
            }
        }

        if (document.Correlation?.Expression is { } expression)
        {
            new CorrelationReader(document.Reading).Compile(expression, document.Correlation.References);
        }

        if (OtherRule(document) is { } other && Find(other) is not { Test: not null, Forwarder.Memory: null })
        {
            document.Reading.Refuse("forwarder", $"there is no rule for single events with the name or id '{other}'");
        }
    }

    // By name, or by id in any case; a title is no reference.
    private RuleDocument? Find(string reference)
    {
        var found = byReference.GetValueOrDefault(reference) ?? byReference.GetValueOrDefault(reference.ToLowerInvariant());
        return found is not null && (found.Head.Name == reference || reference.Equals(found.Head.Id, StringComparison.OrdinalIgnoreCase)) ? found : null;
    }

    private static string? OtherRule(RuleDocument document) => document.Forwarder?.Memory?.OtherRule;

    private int Depth(RuleDocument document, HashSet<RuleDocument> above)
    {
        if (document.Correlation is null)
        {
            return 0;
        }

        if (above.Count > MaxDepth || !above.Add(document))
        {
            return MaxDepth + 1;
        }

        var depth = 1 + document.Correlation.References.Max(reference => Find(reference) is { } named ? Depth(named, above) : 0);
        above.Remove(document);
        return depth;
    }

    private void Build()
    {
        var filters = documents.Where(document => document.IsFilter && document.Head.DisabledReason is null).ToList();
        foreach (var document in documents.Where(document => !document.IsFilter && document.Correlation is null))
        {
            var mine = filters.Where(filter => filter.Head.LogSource.Contains(document.Head.LogSource) && Names(filter, document.Head)).ToList();
            var test = mine.Count == 0 ? document.Test! : new AllTest([document.Test!, .. mine.Select(filter => filter.Test!)]);
            List<RuleDocument> sources = [document, .. mine, .. OtherRule(document) is { } other ? [Find(other)!] : Array.Empty<RuleDocument>()];
            var rule = new DetectionRule(document.Head, test, Version(sources, []), document.Forwarder!.Alerts, document.Forwarder.Memory)
            {
                File = document.File,
                Fields = sources.SelectMany(source => source.Reading.UsedFields).ToHashSet(StringComparer.Ordinal),
            };
            rules.Add(document, rule);
            Detections.Add(rule);
        }

        foreach (var document in documents.Where(document => document.Correlation is not null))
        {
            Build(document);
        }

        Silence();
    }

    private AlertingRule Build(RuleDocument document)
    {
        if (rules.TryGetValue(document, out var known))
        {
            return known;
        }

        var draft = document.Correlation!;
        var aliases = draft.Aliases;
        var references = draft.References.Select(reference =>
        {
            GroupField[] group = [.. draft.GroupNames.Select(name => Field(document, name, aliases.GetValueOrDefault(name)?.GetValueOrDefault(reference)))];
            GroupField[] values = [.. draft.ValueFields.Select(name => Field(document, name, aliases.GetValueOrDefault(name)?.GetValueOrDefault(reference)))];
            return new CorrelationReference(Build(Find(reference)!), group, values);
        }).ToList();
        var version = Version([document], references.Select(reference => reference.Rule.Version));
        List<string> groupNames = [.. draft.GroupNames.Select(name => aliases.ContainsKey(name) ? name : Normalize(document, name))];
        var rule = new CorrelationRule(document.Head, version, document.Forwarder!.Alerts, groupNames)
        {
            File = document.File,
            Fields = document.Reading.UsedFields.Concat(references.SelectMany(reference => reference.Rule.Fields)).ToHashSet(StringComparer.Ordinal),
            Type = draft.Type,
            Timespan = draft.Timespan,
            SessionGap = document.Forwarder.SessionGap,
            References = references,
            Bounds = draft.Bounds,
            Expression = draft.Expression is null ? null : new CorrelationReader(document.Reading).Compile(draft.Expression, draft.References),
            Percentile = draft.Percentile,
        };
        rules.Add(document, rule);
        Correlations.Add(rule);
        return rule;
    }

    private static string Normalize(RuleDocument document, string name) => document.Reading.Fields.Normalize(name, document.Reading.IsEcs);

    private static GroupField Field(RuleDocument document, string name, string? aliased)
    {
        var field = aliased ?? name;
        return new GroupField(aliased is null ? Normalize(document, name) : name, Normalize(document, field), document.Reading.SlotOf(field, "correlation"));
    }

    // A rule that others name reports by itself only where one of them asks for it.
    private void Silence()
    {
        var named = documents.SelectMany(document => (document.Correlation?.References ?? []).Concat(OtherRule(document) is { } other ? [other] : [])
            .Select(reference => (Rule: rules[Find(reference)!], Generates: document.Correlation?.Generates == true)));
        foreach (var rule in named.GroupBy(one => one.Rule))
        {
            rule.Key.IsReported = rule.Any(one => one.Generates);
        }
    }

    private string Version(IEnumerable<RuleDocument> sources, IEnumerable<string> versions)
    {
        var text = new StringBuilder();
        foreach (var document in sources)
        {
            document.Source.WriteNormal(text);
            foreach (var list in document.Reading.UsedLists)
            {
                text.Append('\n').Append(list).Append('=').AppendJoin('\n', lists[list]);
            }
        }

        text.AppendJoin('\n', versions);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())).AsSpan(0, 16));
    }

    private static bool Names(RuleDocument filter, RuleHead rule) =>
        filter.Filtered is not { Count: > 0 } names || names.Contains("any")
        || names.Any(name => name == rule.Name || (rule.Id is not null && name.Equals(rule.Id, StringComparison.OrdinalIgnoreCase)));
}
