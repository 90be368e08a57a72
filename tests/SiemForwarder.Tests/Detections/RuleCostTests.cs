using SiemForwarder.Detections;
using SiemForwarder.Detections.Alerts;
using SiemForwarder.Detections.Fields;
using SiemForwarder.Detections.Rules;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Detections;

/// <summary>What rules cost is measured, and one that is slow is set to Error while the others go on.</summary>
public sealed class RuleCostTests
{
    private const string Rules = """
        title: First
        logsource: {product: keycloak}
        detection: {selection: {type: LOGIN_ERROR}, condition: selection}
        level: high
        ---
        title: Second
        logsource: {product: keycloak}
        detection: {selection: {type: LOGIN_ERROR}, condition: selection}
        level: high
        """;

    [Fact]
    public void TheMeanOfEachRuleIsReported()
    {
        var reports = Run(new SteppingTime(_ => 2), 3, out _);

        Assert.All(reports, report => Assert.Equal(2, report.MicrosecondsPerEvent!.Value, 3));
        Assert.All(reports, report => Assert.Null(report.Fault));
    }

    [Fact]
    public void ARuleThatTakesTooLongThreeTimesInARowIsSetToErrorAndTheOtherGoesOn()
    {
        // The first rule's three turns of the first event; everything afterwards is quick.
        var reports = Run(new SteppingTime(call => call < 6 ? 51_000 : 2), 2, out var alerts);

        Assert.Contains("50 ms", reports.Single(report => report.Title == "First").Fault!.Reason, StringComparison.Ordinal);
        Assert.Null(reports.Single(report => report.Title == "Second").Fault);
        Assert.Equal(["Second", "Second"], alerts.Select(alert => alert.Rule.Title));
    }

    [Fact]
    public void APauseOfTheProcessIsNoFaultOfARule()
    {
        var reports = Run(new SteppingTime(call => call == 1 ? 900_000 : 2), 2, out var alerts);

        Assert.All(reports, report => Assert.Null(report.Fault));
        Assert.Equal(4, alerts.Count);
    }

    [Theory]
    [InlineData(10, 3, 100, 0.25)]
    [InlineData(10, 2, 100, null)]
    [InlineData(9, 8, 100, null)]
    [InlineData(10, 3, 50, null)]
    public void OneOfManyRulesThatTakesMoreThanAFifthOfTheTimeIsTold(int rules, int times, int events, double? share)
    {
        // Each reading of the clock goes on by a millisecond, but for the first rule of each event; each rule reads it twice.
        var text = string.Join("\n---\n", Enumerable.Range(0, rules).Select(number => Rules.Split("---")[0].Replace("First", $"Rule {number}", StringComparison.Ordinal)));
        var reports = Run(new SteppingTime(call => call % (2 * rules) == 1 ? 1000 * times : 1000), events, out _, text);

        Assert.Equal(share, reports[0].ExcessiveShare is { } excess ? Math.Round(excess, 3) : null);
        Assert.All(reports.Skip(1), report => Assert.Null(report.ExcessiveShare));
    }

    [Fact]
    public void WithoutAClockNothingIsMeasured() => Assert.All(Run(null, 2, out _), report => Assert.Null(report.MicrosecondsPerEvent));

    private static IReadOnlyList<RuleReport> Run(TimeProvider? time, int events, out List<Alert> alerts, string rules = Rules)
    {
        var engine = new DetectionEngine(
            RuleSet.Load([new RuleFile("rules", rules)], new Dictionary<string, IReadOnlyList<string>>()), new EngineOptions { Time = time });
        alerts = [];
        for (var index = 0; index < events; index++)
        {
            engine.Follow(Some.LoginEvent() with { Id = $"e{index}", Position = index + 1 }, LogSource.KeycloakUser, LocalCalendar.Utc, alerts);
        }

        return engine.Describe();
    }

    /// <summary>A clock that goes on by so many microseconds with each reading.</summary>
    private sealed class SteppingTime(Func<int, long> stepMicroseconds) : TimeProvider
    {
        private int calls;
        private long now;

        public override long TimestampFrequency => 1_000_000;

        public override long GetTimestamp() => now += stepMicroseconds(calls++);
    }
}
