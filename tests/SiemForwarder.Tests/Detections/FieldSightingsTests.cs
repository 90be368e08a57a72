using SiemForwarder.Detections;
using SiemForwarder.Detections.Alerts;
using SiemForwarder.Detections.Fields;
using SiemForwarder.Detections.Rules;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Detections;

/// <summary>Fields of rules that no event has are told, once they have been asked for a week.</summary>
public sealed class FieldSightingsTests
{
    private const string Rules = """
        title: Misspelt
        logsource: {product: keycloak}
        detection: {selection: {type: LOGIN_ERROR, details.usernam: alice}, condition: selection}
        level: high
        ---
        title: Well spelt
        logsource: {product: keycloak}
        detection: {selection: {type: LOGIN_ERROR, username: nobody}, condition: selection}
        level: high
        ---
        title: Never asked
        logsource: {product: keycloak}
        detection: {selection: {type: LOGOUT, details.nothing: x}, condition: selection}
        level: high
        """;

    private static readonly DateTimeOffset Begin = Some.LoginEvent().OccurredAt;

    [Theory]
    [InlineData(6.9, false)]
    [InlineData(7, true)]
    [InlineData(30, true)]
    public void AFieldThatNoEventHasIsToldAfterAWeek(double days, bool isTold)
    {
        var reports = Run([0, 3, days]).Describe();

        Assert.Equal(isTold ? ["details.usernam"] : [], Of(reports, "Misspelt").UnseenFields);
        Assert.Empty(Of(reports, "Well spelt").UnseenFields);
        Assert.Empty(Of(reports, "Never asked").UnseenFields);
    }

    [Fact]
    public void AFieldThatEventsHadOnceIsToldAWeekAfterTheLast()
    {
        var engine = Run([0]);
        Follow(engine, 3, details: [new("usernam", "alice")]);
        Follow(engine, 9);
        Assert.Empty(Of(engine.Describe(), "Misspelt").UnseenFields);

        Follow(engine, 10.5);
        Assert.Equal(["details.usernam"], Of(engine.Describe(), "Misspelt").UnseenFields);
    }

    [Fact]
    public void ASnapshotKeepsHowLongWasAsked()
    {
        var restored = New();
        Assert.Null(restored.ReadSnapshot(Run([0, 3]).WriteSnapshot()));

        Follow(restored, 8);

        Assert.Equal(["details.usernam"], Of(restored.Describe(), "Misspelt").UnseenFields);
    }

    private static DetectionEngine New() =>
        new(RuleSet.Load([new RuleFile("rules", Rules)], new Dictionary<string, IReadOnlyList<string>>()));

    private static DetectionEngine Run(double[] days)
    {
        var engine = New();
        foreach (var day in days)
        {
            Follow(engine, day);
        }

        return engine;
    }

    private static void Follow(DetectionEngine engine, double day, KeyValuePair<string, string>[]? details = null)
    {
        var one = Some.LoginEvent() with { Type = "LOGIN_ERROR", Id = $"e{day}", Position = (long)(day * 10) + 1, OccurredAt = Begin.AddDays(day) };
        engine.Follow(details is null ? one : one with { Details = details }, LogSource.KeycloakUser, LocalCalendar.Utc, new List<Alert>());
    }

    private static RuleReport Of(IReadOnlyList<RuleReport> reports, string title) => reports.Single(report => report.Title == title);
}
