using System.Text.Json;
using SiemForwarder.Detections;
using SiemForwarder.Detections.Rules;
using SiemForwarder.Service.Detections;

namespace SiemForwarder.Tests.Service.Detections;

/// <summary>How a rule file is shown with what its reader told of it.</summary>
public sealed class RuleViewsTests
{
    private const string Yaml = """
        title: Refused
        id: 8f0ec1e6-5d0c-4b6e-9a63-0c1f0b1a2c3d
        logsource: {product: keycloak}
        detection: {selection: {type: LOGIN_ERROR, details.usernam: alice}, condition: selection}
        level: high
        """;

    [Fact]
    public void HintsNameFieldsThatNoEventHadAndAnExcessiveCost()
    {
        var hints = Shown(Report() with { UnseenFields = ["details.usernam", "ip.tor"], ExcessiveShare = 0.348 }).Hints;

        Assert.Equal(
            [
                "No event of the last seven days that it looked at had 'details.usernam', 'ip.tor': check the spelling, and what Keycloak stores.",
                "It takes 35 % of the time of all rules: ask for type and outcome first, and for fewer or simpler expressions.",
            ],
            hints);
    }

    [Fact]
    public void WithoutFindingsThereAreNoHints() => Assert.Empty(Shown(Report()).Hints);

    [Fact]
    public void AReportOfAVersionThatKnewNoHintsIsRead()
    {
        var json = JsonSerializer.Serialize(Report(), JsonSerializerOptions.Web).Replace("\"unseenFields\":[],", "", StringComparison.Ordinal);
        Assert.DoesNotContain("unseenFields", json, StringComparison.Ordinal);

        Assert.Empty(Shown(JsonSerializer.Deserialize<RuleReport>(json, JsonSerializerOptions.Web)!).Hints);
    }

    private static RuleReport Report() => new("8f0ec1e6-5d0c-4b6e-9a63-0c1f0b1a2c3d", "Refused", 1, 1, 0, 0, 0, 0, 0, null, null);

    private static RuleResponse Shown(RuleReport report)
    {
        var none = Array.Empty<StoredBlindSpot>().ToLookup(_ => "");
        var figures = new RuleFigures(new Dictionary<string, RuleReport> { [report.Rule] = report }, new Dictionary<string, long>(), none, none);
        var compiled = RuleSet.Load([new RuleFile("own", Yaml)], new Dictionary<string, IReadOnlyList<string>>());
        return RuleViews.Show(new StoredRule("own", false, true, Yaml, null, null, 1, null), compiled, figures, withText: false).Rules.Single();
    }
}
