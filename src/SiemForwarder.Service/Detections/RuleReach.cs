using SiemForwarder.Detections;
using SiemForwarder.Detections.Rules;
using SiemForwarder.Events;
using SiemForwarder.Events.Keycloak;

namespace SiemForwarder.Service.Detections;

/// <summary>What a rule can see.</summary>
/// <param name="UserTypes">Types of user events that it, or each rule that feeds it, could match.</param>
/// <param name="AdminTypes">The same of admin events, in the same order.</param>
/// <param name="IsForKeycloak">Whether it looks at Keycloak's events.</param>
/// <param name="Needs">What it says that a realm must store.</param>
/// <param name="IsForApplications">Whether it looks at events that applications push.</param>
/// <param name="Applications">Names of the sources of pushed events that it, or rules that feed it, name.</param>
internal sealed record RuleReach(
    IReadOnlyList<HashSet<string>> UserTypes, IReadOnlyList<HashSet<string>> AdminTypes, bool IsForKeycloak, IReadOnlySet<string> Needs,
    HashSet<string> Applications, bool IsForApplications)
{
    /// <summary>A rule that could match more types than that asks for no type.</summary>
    public const int FewTypes = 40;

    /// <summary>It, or the rules that feed it, as far as they read alerts.</summary>
    public IReadOnlyList<DetectionRule> AlertReaders { get; private init; } = [];

    /// <summary>Whether it looks at events of a source.</summary>
    public bool Reads(SeenSource source) => source.IsKeycloak
        ? IsForKeycloak
        : IsForApplications && (Applications.Count == 0 || Applications.Contains(source.Name));

    /// <summary>What each rule could match, by its key.</summary>
    /// <param name="rules">The rules that run.</param>
    public static IReadOnlyDictionary<string, RuleReach> FindAll(RuleSet rules)
    {
        var matcher = new SingleEventMatcher(rules);
        var types = rules.Detections.ToDictionary(
            rule => rule.Head.Key, _ => (User: new HashSet<string>(), Admin: new HashSet<string>()), StringComparer.Ordinal);
        foreach (var description in KeycloakEventCatalog.All)
        {
            var isAdmin = description.Kind == EventKind.Admin;
            var probe = isAdmin ? SiemProbe.OfAdminEvent(description.Type, []) : SiemProbe.OfUserEvent(description.Type, []);
            foreach (var rule in matcher.FindPossible(probe.Event, isAdmin ? LogSource.KeycloakAdmin : LogSource.KeycloakUser))
            {
                (isAdmin ? types[rule.Head.Key].Admin : types[rule.Head.Key].User).Add(description.Type);
            }
        }

        var reaches = new Dictionary<string, RuleReach>(StringComparer.Ordinal);
        foreach (var rule in rules.Detections)
        {
            reaches[rule.Head.Key] = Of(rule, types[rule.Head.Key].User, types[rule.Head.Key].Admin);
        }

        // Each behind those that feed it.
        foreach (var rule in rules.Correlations)
        {
            reaches[rule.Head.Key] = Of(rule, [.. rule.Feeders.Select(feeder => reaches[feeder.Head.Key])]);
        }

        return reaches;
    }

    private static RuleReach Of(DetectionRule rule, HashSet<string> user, HashSet<string> admin)
    {
        var source = rule.Head.LogSource;
        var isForKeycloak = source.Contains(LogSource.KeycloakUser) || source.Contains(LogSource.KeycloakAdmin);
        var application = source is { Product: "application", Service: { } service } ? service : null;
        return new RuleReach(
            [user], [admin], isForKeycloak, rule.Head.Needs.ToHashSet(StringComparer.Ordinal),
            application is null ? [] : new HashSet<string>([application], StringComparer.Ordinal), source.Product == "application")
        {
            AlertReaders = rule.ReadsAlerts ? [rule] : [],
        };
    }

    private static RuleReach Of(CorrelationRule rule, List<RuleReach> fed) => new(
        [.. fed.SelectMany(one => one.UserTypes)], [.. fed.SelectMany(one => one.AdminTypes)], fed.Exists(one => one.IsForKeycloak),
        rule.Head.Needs.Concat(fed.SelectMany(one => one.Needs)).ToHashSet(StringComparer.Ordinal),
        fed.SelectMany(one => one.Applications).ToHashSet(StringComparer.Ordinal), fed.Exists(one => one.IsForApplications))
    {
        AlertReaders = [.. fed.SelectMany(one => one.AlertReaders).Distinct()],
    };
}
