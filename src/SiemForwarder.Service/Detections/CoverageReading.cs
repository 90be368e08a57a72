using SiemForwarder.Detections.Rules;

namespace SiemForwarder.Service.Detections;

/// <summary>Finds what the rules watch for each ATT&amp;CK technique, and in which source.</summary>
internal sealed class CoverageReading(RuleShelf shelf, RuleViews views, SeenSources seen)
{
    public const string Watched = "Watched";
    public const string Blind = "Blind";
    private const string Off = "Off";

    /// <summary>All techniques that rules are for, those that are off included.</summary>
    public async Task<IReadOnlyList<CoverageResponse>> ReadAsync(CancellationToken cancellationToken)
    {
        var library = await shelf.ReadAsync(cancellationToken);
        var figures = await views.ReadFiguresAsync(cancellationToken);
        var sources = await seen.ReadAsync(cancellationToken);
        var all = library.Compile(library.Files.Keys);
        var reaches = RuleReach.FindAll(all);
        var rules = all.All.Where(rule => rule.Head.Level != RuleLevel.Informational)
            .SelectMany(rule => rule.Head.Techniques.Distinct(StringComparer.Ordinal).Select(technique => (technique, rule)));
        return
        [
            .. rules.GroupBy(one => one.technique, one => one.rule).OrderBy(one => one.Key, StringComparer.Ordinal).Select(one =>
            {
                var enabled = one.Where(rule => library.Files[rule.File].Enabled).ToList();
                var reasons = enabled.SelectMany(rule => figures.Blind[rule.Head.Key].Concat(figures.PartlyBlind[rule.Head.Key]))
                    .Select(spot => spot.Reason).Distinct(StringComparer.Ordinal).ToList();
                var sees = enabled.Exists(rule => !figures.Blind.Contains(rule.Head.Key) && !IsInError(rule, figures));
                var inSources = sources.Select(source => InSource(source, [.. enabled.Where(rule => reaches[rule.Head.Key].Reads(source))], figures));
                return new CoverageResponse(
                    one.Key, enabled.Count == 0 ? Off : sees ? Watched : Blind, [.. enabled.Select(rule => rule.Head.Title)],
                    [.. one.Where(rule => !library.Files[rule.File].Enabled).Select(rule => rule.Head.Title)], reasons,
                    [.. inSources.OfType<SourceCoverage>()]);
            }),
        ];
    }

    // Null for a source that none of the rules reads.
    private static SourceCoverage? InSource(SeenSource source, List<AlertingRule> readers, RuleFigures figures)
    {
        if (readers.Count == 0)
        {
            return null;
        }

        var spots = readers.ConvertAll(rule => figures.Blind[rule.Head.Key].Where(spot => spot.SourceId == source.Id || spot.SourceId == 0).ToList());
        var sees = readers.Zip(spots).Any(one => one.Second.Count == 0 && !IsInError(one.First, figures));
        return new SourceCoverage(
            source.Name, sees ? Watched : Blind, [.. spots.SelectMany(spot => spot).Select(spot => spot.Reason).Distinct(StringComparer.Ordinal)]);
    }

    private static bool IsInError(AlertingRule rule, RuleFigures figures) => figures.Reports.GetValueOrDefault(rule.Head.Key)?.Fault is not null;
}
