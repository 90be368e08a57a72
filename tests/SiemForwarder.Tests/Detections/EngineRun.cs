using SiemForwarder.Detections;
using SiemForwarder.Detections.Alerts;
using SiemForwarder.Detections.Fields;
using SiemForwarder.Detections.Rules;
using SiemForwarder.Events;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Detections;

/// <summary>An engine with some rules and the alerts that it made of events that a test tells by seconds since a Monday, 09:00 UTC.</summary>
internal sealed class EngineRun
{
    public const string Failed = """
        title: Failed login
        name: failed
        logsource: { product: keycloak, service: user }
        detection: { selection: { type: LOGIN_ERROR }, condition: selection }
        """;

    public const string Login = """
        title: Login
        name: login
        logsource: { product: keycloak, service: user }
        detection: { selection: { type: LOGIN }, condition: selection }
        """;

    public static readonly DateTimeOffset Start = new(2026, 3, 2, 9, 0, 0, TimeSpan.Zero);

    private readonly Dictionary<int, long> positions = [];

    public EngineRun(string rules, EngineOptions? options = null, Dictionary<string, IReadOnlyList<string>>? lists = null)
    {
        var set = RuleSet.Load([new RuleFile("rules.yml", rules)], lists ?? []);
        Assert.Empty(set.Refusals);
        Engine = new DetectionEngine(set, options);
    }

    public DetectionEngine Engine { get; }

    public List<Alert> Alerts { get; } = [];

    /// <summary>Titles of the rules that alerted, each with the seconds at which.</summary>
    public string Told => string.Join(" ", Alerts.Select(alert => $"{alert.Rule.Title}@{(long)(alert.OccurredAt - Start).TotalSeconds}"));

    public static string Rules(params string[] documents) => string.Join("\n---\n", documents);

    public static string Correlation(string body, string title = "C", string more = "") => $"title: {title}\nname: c_{title}\ncorrelation: {{ {body} }}\n{more}";

    public static string OfLogins(string forwarder, string type = "LOGIN", string title = "R") => $$"""
        title: {{title}}
        logsource: { product: keycloak, service: user }
        detection: { selection: { type: {{type}} }, condition: selection }
        forwarder: { {{forwarder}} }
        """;

    /// <summary>Follows one event and says whether it made an alert.</summary>
    public bool At(
        double seconds, string type, string user = "alice", string ip = "192.0.2.10", EventLocation? location = null, int source = 1, string? client = "web-app", LogSource? from = null,
        SecurityEvent? like = null)
    {
        var before = Alerts.Count;
        Engine.Follow(Event(seconds, type, user, ip, location, source, client, like), from ?? LogSource.KeycloakUser, LocalCalendar.Utc, Alerts);
        return Alerts.Count > before;
    }

    /// <summary>Goes on where another run stopped.</summary>
    public void TakeOver(EngineRun other)
    {
        Alerts.AddRange(other.Alerts);
        foreach (var (source, position) in other.positions)
        {
            positions[source] = position;
        }
    }

    public bool Sweep(double seconds, int source = 1)
    {
        var before = Alerts.Count;
        Engine.Advance(source, Start.AddSeconds(seconds), Alerts);
        return Alerts.Count > before;
    }

    private SecurityEvent Event(double seconds, string type, string user, string ip, EventLocation? location, int source, string? client, SecurityEvent? like)
    {
        var position = positions[source] = positions.GetValueOrDefault(source) + 1;
        var at = Start.AddSeconds(seconds);
        return (like ?? Some.LoginEvent(type, user, type.EndsWith("_ERROR", StringComparison.Ordinal) ? "invalid_user_credentials" : null, ip, client, position)) with
        {
            Id = $"{source}-{position}",
            Position = position,
            OccurredAt = at,
            ReceivedAt = at.AddSeconds(1),
            Location = location,
            Source = Some.Source with { Id = source, Name = $"source {source}" },
        };
    }
}
