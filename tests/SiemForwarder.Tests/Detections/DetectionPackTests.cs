using SiemForwarder.Detections;
using SiemForwarder.Detections.Fixtures;
using SiemForwarder.Detections.Rules;

namespace SiemForwarder.Tests.Detections;

/// <summary>Each rule of the pack fires at the events that it is for and is quiet at those beside them.</summary>
public sealed class DetectionPackTests
{
    private static readonly RuleSet Rules = RuleSet.Load(DetectionPack.Files.Select(one => one.File), DetectionPack.Lists);

    public static TheoryData<string> Files => [.. DetectionPack.Files.Select(one => one.File.Name)];

    private static IEnumerable<AlertingRule> All => Rules.Detections.Concat<AlertingRule>(Rules.Correlations);

    private static IEnumerable<AlertingRule> Reported => All.Where(rule => rule.IsReported && rule.Head.Level != RuleLevel.Informational);

    [Fact]
    public void ThePackLoadsWithoutRefusalAndWithoutLint()
    {
        Assert.Empty(Rules.Refusals);
        Assert.Empty(Rules.Lints);
        Assert.InRange(Reported.Count(), 44, 200);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void EveryRuleFiresAtItsEventsAndIsQuietAtOthers(string file)
    {
        var pack = DetectionPack.Files.Single(one => one.File.Name == file);
        var (fixtures, problem) = RuleFixture.Read(pack.Fixtures);
        Assert.Null(problem);
        var mine = Reported.Select(rule => rule.Head.Title).Where(pack.Titles.Contains).ToHashSet();
        var fired = new HashSet<string>();
        foreach (var fixture in fixtures)
        {
            var titles = fixture.Run(Rules).Select(alert => alert.Rule.Title).Where(mine.Contains).ToHashSet();
            Assert.True(fixture.Fires == titles.Count > 0, $"{fixture.Title}: {string.Join(", ", titles)}");
            fired.UnionWith(titles);
        }

        Assert.Equal(mine.Order(), fired.Order());
        Assert.True(mine.Count == 0 || fixtures.Any(fixture => !fixture.Fires));
    }

    [Fact]
    public void EveryRuleSaysItsTechniqueWhatItMistakesAndWho()
    {
        var silent = Reported.Where(rule => !rule.Head.Techniques.Any() || rule.Head.FalsePositives.Count == 0 || rule.Head.Id is null || rule.Head.Name is null);

        Assert.Empty(silent.Select(rule => rule.Head.Title));
        Assert.Equal(All.Count(), All.Select(rule => rule.Head.Name).Distinct().Count());
    }
}
