using System.Globalization;
using SiemForwarder.Connections;

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

    /// <summary>When its settings were last changed; if it is off, it was on before at most until then.</summary>
    public DateTimeOffset ChangedAt { get; init; }

    /// <summary>How long it has been silent, if events are pushed to it and it ever had one; null otherwise.</summary>
    public PushSilence? Silence { get; init; }

    /// <summary>Since when events of the source may be missing because it is not read; null if it is.</summary>
    public DateTimeOffset? NotReadSince => FailingSince < UnreadSince ? FailingSince : UnreadSince ?? FailingSince;
}

/// <summary>The silence of a source of pushed events.</summary>
/// <param name="Since">When its last event arrived.</param>
/// <param name="Bound">How long it may be silent.</param>
/// <param name="IsConfigured">Whether the settings say so; otherwise it is what the source itself usually does.</param>
internal sealed record PushSilence(DateTimeOffset Since, TimeSpan Bound, bool IsConfigured);

/// <summary>A rule that cannot see what it is for.</summary>
/// <param name="Rule">Key of the rule.</param>
/// <param name="File">Its file.</param>
/// <param name="SourceId">The source; 0 if it is about none.</param>
/// <param name="Reason">Why, and what to do.</param>
internal sealed record BlindSpot(string Rule, string File, int SourceId, string Reason)
{
    /// <summary>Since when, if that is known better than by looking; null otherwise.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Whether the events of this time stay missing when the rule sees again.</summary>
    public bool LeavesGap { get; init; }

    /// <summary>Whether the rule still sees a part of what it is for.</summary>
    public bool IsPartial { get; init; }
}

/// <summary>Decides which rules are blind where: pure, from what the rules can match and what the sources store.</summary>
internal static class BlindSpots
{
    // A pause of this length is no restart any more.
    private static readonly TimeSpan Behind = TimeSpan.FromMinutes(5);

    /// <summary>Polls that are this far behind are no longer only between two polls.</summary>
    public static readonly TimeSpan MaxUnread = TimeSpan.FromMinutes(15);

    /// <summary>The rules among those that report, and the sources in which they are blind.</summary>
    /// <param name="rules">The rules that run.</param>
    /// <param name="sources">All sources.</param>
    /// <param name="knowsPlaces">Whether there is a database of places.</param>
    /// <param name="now">The time.</param>
    public static IReadOnlyList<BlindSpot> Find(RunningRules rules, IReadOnlyList<SeenSource> sources, bool knowsPlaces, DateTimeOffset now)
    {
        var spots = new List<BlindSpot>();
        foreach (var rule in rules.Reported)
        {
            var found = Find(rules.Reaches[rule.Head.Key], sources, knowsPlaces, now);
            spots.AddRange(found.Select(why => new BlindSpot(rule.Head.Key, rule.File, why.SourceId, why.Reason)
            {
                Since = why.Since, LeavesGap = why.LeavesGap,
            }));
        }

        spots.AddRange(AlertBlindness.Find(rules, spots));
        return spots;
    }

    private static IEnumerable<Why> Find(RuleReach reach, IReadOnlyList<SeenSource> sources, bool knowsPlaces, DateTimeOffset now)
    {
        if (WhyNothing(reach, sources, knowsPlaces) is { } reason)
        {
            return [new Why(0, reason)];
        }

        return sources.Where(reach.Reads).Select(source => WhyBlind(reach, source, now)).OfType<Why>();
    }

    private static string? WhyNothing(RuleReach reach, IReadOnlyList<SeenSource> sources, bool knowsPlaces)
    {
        var enabled = sources.Where(source => source.Enabled).ToList();
        return reach.Needs.Contains("geo") && !knowsPlaces ? "There is no database of places, so no event has a country; set Forwarder__Location."
            : reach.Applications.FirstOrDefault(name => !enabled.Exists(source => source.Name == name)) is { } lacking
                ? $"No enabled source is named '{lacking}', whose events the rule looks at."
            : reach.IsForApplications && !enabled.Exists(source => !source.IsKeycloak)
                ? "No source of pushed events is enabled, so there are no events to look at."
            : reach.IsForKeycloak && enabled.Count == 0 ? "No source is enabled, so there are no events to look at."
            : null;
    }

    private static Why? WhyBlind(RuleReach reach, SeenSource source, DateTimeOffset now) =>
        WhyUnread(source, now) ?? (source.IsKeycloak && WhyNotStored(reach, source) is { } reason ? new Why(source.Id, reason, LeavesGap: true) : null);

    private static string? WhyNotStored(RuleReach reach, SeenSource source)
    {
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
            return $"Source '{source.Name}' does not poll the stream that the rule looks at; add it to keycloak.streams.";
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

    private static Why? WhyUnread(SeenSource source, DateTimeOffset now)
    {
        var name = source.Name;
        if (!source.Enabled)
        {
            // A realm is read from where it was left; what applications push meanwhile is refused.
            var reason = $"Source '{name}' is disabled, so its events are not read; enable it, or delete it if it is not needed any more.";
            return new Why(source.Id, reason, LeavesGap: !source.IsKeycloak);
        }

        if (source.FailingSince is { } failing)
        {
            return new Why(source.Id, $"Source '{name}' cannot be read; see its status.", failing);
        }

        if (source.LostCount > 0)
        {
            var reason = $"The rules missed {CountText.Of(source.LostCount, "event")} of source '{name}', dropped before they were read, within the last day.";
            return new Why(source.Id, reason, LeavesGap: true);
        }

        if (now - source.BehindSince > Behind)
        {
            var reason = $"The rules have not read all events of source '{name}'; check that an engine with the role dispatch runs.";
            return new Why(source.Id, reason, source.BehindSince);
        }

        if (source.UnreadSince is { } unread && now - unread > MaxUnread)
        {
            var reason = $"Source '{name}' is read only up to {UtcText.Second(unread)} UTC; check that an engine with the role poll runs, and its status.";
            return new Why(source.Id, reason, unread);
        }

        return WhySilent(source, now) ?? WhyGap(source);
    }

    private static Why? WhySilent(SeenSource source, DateTimeOffset now)
    {
        if (source.Silence is not { } silence || now - silence.Since <= silence.Bound)
        {
            return null;
        }

        var than = $"longer than it {(silence.IsConfigured ? "may be silent" : "has been silent before")} ({Words(silence.Bound)})";
        var reason = $"Nobody has pushed events to source '{source.Name}' since {UtcText.Second(silence.Since)} UTC, {than}; check their sender.";
        return new Why(source.Id, reason, silence.Since, LeavesGap: true);
    }

    private static Why? WhyGap(SeenSource source) => source.GapAt is not { } gap ? null : new Why(
        source.Id,
        $"Keycloak cannot read some of its events of source '{source.Name}', the newest of {UtcText.Second(gap)} UTC; they are missing. See its status.");

    private static string Words(TimeSpan span) => string.Create(
        CultureInfo.InvariantCulture, $"{(span.TotalHours >= 2 ? span.TotalHours : span.TotalMinutes):0.#} {(span.TotalHours >= 2 ? "hours" : "minutes")}");

    // Why a rule is blind in a source.
    private sealed record Why(int SourceId, string Reason, DateTimeOffset? Since = null, bool LeavesGap = false);
}
