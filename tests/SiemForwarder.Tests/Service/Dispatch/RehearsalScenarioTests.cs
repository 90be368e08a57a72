using SiemForwarder.Detections;
using SiemForwarder.Detections.Alerts;
using SiemForwarder.Detections.Fields;
using SiemForwarder.Detections.Rules;
using SiemForwarder.Events;
using SiemForwarder.Service.Dispatch.Testing;
using SiemForwarder.Tests.Events.Formats;

namespace SiemForwarder.Tests.Service.Dispatch;

/// <summary>What a rehearsal pretends is what rules look for, and nobody can take it for an attack.</summary>
public sealed class RehearsalScenarioTests
{
    private static readonly Guid Id = Guid.Parse("01a21d4b-2bfc-7232-9690-4155195640c5");
    private static readonly DateTimeOffset Now = new(2026, 3, 2, 9, 0, 0, TimeSpan.Zero);
    private static readonly RuleSet Rules = RuleSet.Load(DetectionPack.Files.Select(one => one.File), DetectionPack.Lists);

    public static TheoryData<string> Scenarios => [.. RehearsalScenarios.All.Select(one => one.Name)];

    [Theory]
    [InlineData("brute-force", "Password guessing on one user")]
    [InlineData("brute-force-success", "Password guessing on one user")]
    [InlineData("password-spray", "Password spraying")]
    [InlineData("role-granted", "Realm admin role granted")]
    [InlineData("auditing-off", "Auditing switched off")]
    [InlineData("user-impersonated", "Impersonation")]
    [InlineData("new-admin", "Account created, given an admin role and used")]
    public void TheRuleForItFires(string scenario, string rule)
    {
        var engine = new DetectionEngine(Rules);
        var alerts = new List<Alert>();
        foreach (var (one, index) in Play(scenario).Select((one, index) => (one, index)))
        {
            engine.Follow(
                one with { Position = index + 1 }, one.Kind == EventKind.Admin ? LogSource.KeycloakAdmin : LogSource.KeycloakUser, LocalCalendar.Utc, alerts);
        }

        Assert.Contains(rule, alerts.Select(alert => alert.Rule.Title));
    }

    [Fact]
    public void EveryScenarioHasARuleAboveAndAName() =>
        Assert.Equal(RehearsalMark.Scenarios, Scenarios.Select(row => row.Data));

    [Theory]
    [MemberData(nameof(Scenarios))]
    public void EveryEventIsMarkedInEveryFormat(string scenario)
    {
        foreach (var one in Play(scenario))
        {
            Assert.All(FormatSettings.Names, name =>
                Assert.Contains(Id.ToString("D"), FormatSettings.Text(FormatSettings.Write(name, one)), StringComparison.Ordinal));
        }
    }

    [Theory]
    [MemberData(nameof(Scenarios))]
    public void NamesAddressesAndTimesAreOfNobody(string scenario)
    {
        var events = Play(scenario);

        Assert.All(events, one =>
        {
            Assert.StartsWith("192.0.2.", one.IpAddress, StringComparison.Ordinal);
            Assert.All(new[] { one.Actor?.Name, one.Subject?.Name }.OfType<string>(), name => Assert.StartsWith("rehearsal-", name, StringComparison.Ordinal));
            Assert.InRange(one.OccurredAt, Now.AddMinutes(-1), Now);
        });
        Assert.Equal(events.Count, events.Select(one => one.Id).Distinct().Count());
        Assert.Equal(events.OrderBy(one => one.OccurredAt).Select(one => one.Id), events.Select(one => one.Id));
    }

    [Theory]
    [MemberData(nameof(Scenarios))]
    public void TheTypesThatAreListedAreThoseThatAreSent(string scenario)
    {
        var script = Write(scenario);

        Assert.Equal(Play(scenario).Select(one => one.Type), script.Events.Select(one => one.TypeName));
    }

    private static RehearsalScript Write(string scenario)
    {
        var script = new RehearsalScript(Id, "acme", Now);
        RehearsalScenarios.Find(scenario)!.Play(script);
        return script;
    }

    private static List<SecurityEvent> Play(string scenario) => [.. Write(scenario).Events.Select(one => EventNormalizer.Normalize(
        one.Stream, one.Json, EventKey.FromId(one.Id), new EventSource(1, "realm", "acme", "keycloak.example.com"), 0, one.AtMs, Now))];
}
