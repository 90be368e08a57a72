using SiemForwarder.Connections;
using SiemForwarder.Detections;
using SiemForwarder.Detections.Rules;
using SiemForwarder.Events;
using SiemForwarder.Events.Keycloak;

namespace SiemForwarder.Service.Detections;

/// <summary>What is known of a source that rules read.</summary>
/// <param name="Id">The source.</param>
/// <param name="Name">Its name.</param>
/// <param name="IsKeycloak">Whether it polls a realm.</param>
/// <param name="Enabled">Whether it is on.</param>
/// <param name="FailingSince">Since when it cannot be read; null if it can.</param>
/// <param name="Off">Streams that the realm does not store: <c>user</c>, <c>admin</c>.</param>
/// <param name="StoredTypes">Types of user events that the realm stores; null if unknown.</param>
/// <param name="StoresRepresentation">Whether the realm stores the representation with admin events; null if unknown.</param>
/// <param name="Streams">Streams that are polled; null if unknown.</param>
/// <param name="LostCount">Events that were dropped before the rules read them, within the last day.</param>
/// <param name="BehindSince">When the oldest event was received that the rules have not read; null if they have read all.</param>
internal sealed record SeenSource(
    int Id, string Name, bool IsKeycloak, bool Enabled, DateTimeOffset? FailingSince, IReadOnlyList<string> Off, IReadOnlyList<string>? StoredTypes,
    bool? StoresRepresentation, IReadOnlyList<string>? Streams, long LostCount, DateTimeOffset? BehindSince)
{
    /// <summary>Time up to which the realm is read, if nobody polls it or polling is behind; null if it is read up to now.</summary>
    public DateTimeOffset? UnreadSince { get; init; }

    /// <summary>End of the newest range of the last day in which Keycloak could not read its own events; null for none.</summary>
    public DateTimeOffset? GapAt { get; init; }

    /// <summary>Since when events of the source may be missing because it is not read; null if it is.</summary>
    public DateTimeOffset? NotReadSince => FailingSince < UnreadSince ? FailingSince : UnreadSince ?? FailingSince;
}

/// <summary>A rule that cannot see what it is for.</summary>
/// <param name="Rule">Key of the rule.</param>
/// <param name="File">Its file.</param>
/// <param name="SourceId">The source; 0 if it is about none.</param>
/// <param name="Reason">Why, and what to do.</param>
internal sealed record BlindSpot(string Rule, string File, int SourceId, string Reason);

/// <summary>Decides which rules are blind where: pure, from what the rules can match and what the sources store.</summary>
internal static class BlindSpots
{
    // A pause of this length is no restart any more.
    private static readonly TimeSpan Behind = TimeSpan.FromMinutes(5);

    /// <summary>Polls that are this far behind are no longer only between two polls.</summary>
    public static readonly TimeSpan MaxUnread = TimeSpan.FromMinutes(15);

    private static readonly EventSource Nowhere = new(0, "", "", "");

    /// <summary>The types of events that each rule could match, and whether it could match any.</summary>
    /// <param name="rules">The rules that run.</param>
    public static IReadOnlyDictionary<string, RuleReach> FindReaches(RuleSet rules)
    {
        var matcher = new SingleEventMatcher(rules);
        var types = rules.Detections.ToDictionary(
            rule => rule.Head.Key, _ => (User: new HashSet<string>(), Admin: new HashSet<string>()), StringComparer.Ordinal);
        foreach (var description in KeycloakEventCatalog.All)
        {
            var isAdmin = description.Kind == EventKind.Admin;
            foreach (var rule in matcher.FindPossible(EventOf(description, isAdmin), isAdmin ? LogSource.KeycloakAdmin : LogSource.KeycloakUser))
            {
                (isAdmin ? types[rule.Head.Key].Admin : types[rule.Head.Key].User).Add(description.Type);
            }
        }

        var reaches = new Dictionary<string, RuleReach>(StringComparer.Ordinal);
        foreach (var rule in rules.Detections)
        {
            var (user, admin) = types[rule.Head.Key];
            var application = rule.Head.LogSource is { Product: "application", Service: { } service } ? service : null;
            reaches[rule.Head.Key] = new RuleReach(
                [user], [admin], IsForKeycloak(rule.Head.LogSource), rule.Head.Needs.ToHashSet(StringComparer.Ordinal),
                application is null ? [] : new HashSet<string>([application], StringComparer.Ordinal), rule.Head.LogSource.Product == "application");
        }

        // Each behind those that feed it.
        foreach (var rule in rules.Correlations)
        {
            var fed = rule.Feeders.Select(feeder => reaches[feeder.Head.Key]).ToList();
            reaches[rule.Head.Key] = new RuleReach(
                [.. fed.SelectMany(one => one.UserTypes)], [.. fed.SelectMany(one => one.AdminTypes)], fed.Exists(one => one.IsForKeycloak),
                rule.Head.Needs.Concat(fed.SelectMany(one => one.Needs)).ToHashSet(StringComparer.Ordinal),
                fed.SelectMany(one => one.Applications).ToHashSet(StringComparer.Ordinal), fed.Exists(one => one.IsForApplications));
        }

        return reaches;
    }

    /// <summary>The rules among those that report, and the sources in which they are blind.</summary>
    /// <param name="rules">The rules that run.</param>
    /// <param name="sources">All sources.</param>
    /// <param name="knowsPlaces">Whether there is a database of places.</param>
    /// <param name="now">The time.</param>
    public static IReadOnlyList<BlindSpot> Find(RunningRules rules, IReadOnlyList<SeenSource> sources, bool knowsPlaces, DateTimeOffset now)
    {
        var spots = new List<BlindSpot>();
        var reaches = FindReaches(rules.Rules);
        foreach (var rule in rules.Rules.All.Where(rule => rules.IsReported(rule.Head.Key) && rule.Head.Level != RuleLevel.Informational))
        {
            var reach = reaches[rule.Head.Key];
            void Add(int source, string reason) => spots.Add(new BlindSpot(rule.Head.Key, rule.File, source, reason));
            if (reach.Needs.Contains("geo") && !knowsPlaces)
            {
                Add(0, "There is no database of places, so no event has a country; set Forwarder__Location.");
                continue;
            }

            if (reach.Applications.FirstOrDefault(name => !sources.Any(source => source.Enabled && source.Name == name)) is { } lacking)
            {
                Add(0, $"No enabled source is named '{lacking}', whose events the rule looks at.");
                continue;
            }

            if (reach.IsForApplications && !sources.Any(source => source.Enabled && !source.IsKeycloak))
            {
                Add(0, "No source of pushed events is enabled, so there are no events to look at.");
                continue;
            }

            var read = sources.Where(source => source.Enabled && (source.IsKeycloak || !reach.IsForKeycloak)
                && (reach.Applications.Count == 0 || reach.IsForKeycloak || reach.Applications.Contains(source.Name))).ToList();
            if (reach.IsForKeycloak && !sources.Any(source => source.Enabled))
            {
                Add(0, "No source is enabled, so there are no events to look at.");
            }

            foreach (var source in read)
            {
                if (WhyBlind(reach, source, now) is { } reason)
                {
                    Add(source.Id, reason);
                }
            }
        }

        return spots;
    }

    private static string? WhyBlind(RuleReach reach, SeenSource source, DateTimeOffset now)
    {
        if (WhyUnread(source, now) is { } unread)
        {
            return unread;
        }

        var name = $"Source '{source.Name}'";
        if (!source.IsKeycloak || !reach.IsForKeycloak)
        {
            return null;
        }

        var lacksUser = reach.UserTypes.Where(types => types.Count > 0).ToList();
        var lacksAdmin = reach.AdminTypes.Any(types => types.Count > 0) && reach.UserTypes.Zip(reach.AdminTypes).Any(one => one.First.Count == 0);
        if (lacksUser.Count > 0 && source.Off.Contains("user") && reach.UserTypes.Zip(reach.AdminTypes).Any(one => one.Second.Count == 0))
        {
            return $"The realm of source '{source.Name}' stores no user events; switch on Save events in its realm settings.";
        }

        if (lacksAdmin && source.Off.Contains("admin"))
        {
            return $"The realm of source '{source.Name}' stores no admin events; switch on Save events in its realm settings.";
        }

        if (source.Streams is { } streams && ((lacksAdmin && !streams.Contains("admin")) || (lacksUser.Count > 0 && !lacksAdmin && !streams.Contains("user"))))
        {
            return $"{name} does not poll the stream that the rule looks at; add it to keycloak.streams.";
        }

        if (source.StoredTypes is { } stored)
        {
            foreach (var types in lacksUser.Where(types => types.Count <= RuleReach.FewTypes && !types.Overlaps(stored)))
            {
                var lacking = string.Join(", ", types.Order(StringComparer.Ordinal));
                return $"The realm of source '{source.Name}' does not store {lacking}; add it to the saved types.";
            }
        }

        return reach.Needs.Contains("representation") && source.StoresRepresentation == false
            ? $"The realm of source '{source.Name}' stores admin events without representation; switch on Include representation in its realm settings."
            : null;
    }

    private static string? WhyUnread(SeenSource source, DateTimeOffset now)
    {
        if (source.FailingSince is not null)
        {
            return $"Source '{source.Name}' cannot be read; see its status.";
        }

        if (source.LostCount > 0)
        {
            return $"The rules missed {CountText.Of(source.LostCount, "event")} of source '{source.Name}', dropped before they were read, within the last day.";
        }

        if (now - source.BehindSince > Behind)
        {
            return $"The rules have not read all events of source '{source.Name}'; check that an engine with the role dispatch runs.";
        }

        if (source.UnreadSince is { } unread && now - unread > MaxUnread)
        {
            return $"Source '{source.Name}' is read only up to {UtcText.Second(unread)} UTC; check that an engine with the role poll runs, and its status.";
        }

        return source.GapAt is { } gap
            ? $"Keycloak cannot read some of its events of source '{source.Name}', the newest of {UtcText.Second(gap)} UTC; they are missing. See its status."
            : null;
    }

    private static bool IsForKeycloak(LogSource source) =>
        source.Contains(LogSource.KeycloakUser) || source.Contains(LogSource.KeycloakAdmin);

    private static SecurityEvent EventOf(EventDescription description, bool isAdmin)
    {
        var parts = description.Type.Split('-', 2);
        var json = isAdmin
            ? $$"""{"id":"t","time":0,"operationType":"{{parts[0]}}","resourceType":"{{parts[^1]}}","resourcePath":""}"""
            : $$"""{"id":"t","time":0,"type":"{{description.Type}}"}""";
        return EventNormalizer.Normalize(
            isAdmin ? EventStream.Admin : EventStream.User, System.Text.Encoding.UTF8.GetBytes(json), default, Nowhere, 0, 0, DateTimeOffset.UnixEpoch);
    }
}

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
}
