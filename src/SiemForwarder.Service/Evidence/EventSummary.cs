using Npgsql;
using SiemForwarder.Events;
using SiemForwarder.Service.EventLog;

namespace SiemForwarder.Service.Evidence;

/// <summary>Who and what the found events are about most often, and when they happened.</summary>
/// <param name="Events">The number of events that were counted.</param>
/// <param name="IsWhole">False if there are more: then the newest 100,000 were counted.</param>
/// <param name="Window">The time range that was searched, with defaults filled in.</param>
/// <param name="StepSeconds">Time between two points.</param>
/// <param name="Points">Oldest first.</param>
/// <param name="Users">The most frequent users, by name where it is known.</param>
/// <param name="Clients">The most frequent clients.</param>
/// <param name="Addresses">The most frequent addresses.</param>
/// <param name="Types">The most frequent types.</param>
public sealed record EventSummaryResponse(
    long Events, bool IsWhole, SearchWindow Window, int StepSeconds, IReadOnlyList<SummaryPoint> Points, IReadOnlyList<Talker> Users,
    IReadOnlyList<Talker> Clients, IReadOnlyList<Talker> Addresses, IReadOnlyList<Talker> Types);

/// <summary>How many events happened in a step.</summary>
/// <param name="At">When the step began.</param>
/// <param name="Failures">Those of them that report a failure.</param>
public sealed record SummaryPoint(DateTimeOffset At, long Events, long Failures);

/// <summary>A value and how often it was found.</summary>
/// <param name="Failures">Events of it that report a failure.</param>
public sealed record Talker(string Value, long Events, long Failures);

/// <summary>Alerts of the detection rules over time, and the ATT&amp;CK techniques that they point to.</summary>
/// <param name="Alerts">The number of alerts that were read.</param>
/// <param name="IsWhole">False if there are more: then the newest 1,000 were read.</param>
/// <param name="StepSeconds">Time between two points.</param>
/// <param name="Points">Oldest first.</param>
/// <param name="Techniques">The most frequent first.</param>
/// <param name="Newest">The newest alerts, newest first.</param>
public sealed record AlertSummaryResponse(
    int Alerts, bool IsWhole, SearchWindow Window, int StepSeconds, IReadOnlyList<SummaryPoint> Points, IReadOnlyList<AlertTechnique> Techniques,
    IReadOnlyList<FoundAlert> Newest);

/// <summary>An ATT&amp;CK technique and the alerts that point to it.</summary>
/// <param name="Technique">The technique: <c>T1110.003</c>.</param>
/// <param name="LastAt">When the newest of them happened.</param>
/// <param name="Rules">Titles of their rules.</param>
public sealed record AlertTechnique(string Technique, int Alerts, DateTimeOffset LastAt, IReadOnlyList<string> Rules);

/// <summary>One alert.</summary>
/// <param name="EventId">Its id as an event.</param>
/// <param name="Rule">Title of the rule.</param>
/// <param name="Level">Level of the rule.</param>
/// <param name="About">The values that the rule grouped by.</param>
public sealed record FoundAlert(
    string EventId, DateTimeOffset OccurredAt, string Rule, string? Level, IReadOnlyList<string> Techniques, string About);

/// <summary>Counts what an event search finds instead of listing it.</summary>
internal sealed class EventSummary(NpgsqlDataSource database, EventLogReader log, SourceDirectory sources, SegmentNormalizer normalizer, TimeProvider time)
{
    private const int MaxEvents = 100_000;
    private const int MaxAlerts = 1000;
    private const int Points = 48;
    private const int Top = 10;
    private const int Newest = 20;
    private static readonly DateTimeOffset MinFrom = DateTimeOffset.MinValue.AddDays(1);
    private static readonly DateTimeOffset MaxFrom = DateTimeOffset.MaxValue.AddDays(-1);

    /// <summary>Counts the events of a search.</summary>
    public async Task<EventSummaryResponse> CountAsync(EventCriteria criteria, SearchTerms terms, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var window = SearchSql.WindowOf(criteria, terms, now);
        var (from, step) = Steps(window, now);
        var (where, parameters) = SearchSql.Where(criteria, terms, window);
        await using var command = database.CreateCommand($"""
            WITH newest AS MATERIALIZED (
                SELECT occurred_at, type, outcome, coalesce(user_name, user_id) AS who, client_id, ip FROM {LogTables.IndexedEvents} e
                WHERE {where} ORDER BY {SearchSql.ColumnOf(terms)} DESC LIMIT {MaxEvents + 1})
            SELECT 'at', to_char(date_bin(${parameters.Count + 1}, occurred_at, ${parameters.Count + 2}) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                count(*), count(*) FILTER (WHERE outcome = ${parameters.Count + 3}) FROM newest GROUP BY 2
            UNION ALL SELECT 'all', '', count(*), 0 FROM newest
            UNION ALL (SELECT 'user', who, count(*), count(*) FILTER (WHERE outcome = ${parameters.Count + 3}) FROM newest WHERE who <> '' GROUP BY who ORDER BY 3 DESC, who LIMIT {Top})
            UNION ALL (SELECT 'client', client_id, count(*), count(*) FILTER (WHERE outcome = ${parameters.Count + 3}) FROM newest WHERE client_id <> '' GROUP BY client_id ORDER BY 3 DESC, 2 LIMIT {Top})
            UNION ALL (SELECT 'ip', ip, count(*), count(*) FILTER (WHERE outcome = ${parameters.Count + 3}) FROM newest WHERE ip <> '' GROUP BY ip ORDER BY 3 DESC, 2 LIMIT {Top})
            UNION ALL (SELECT 'type', type, count(*), count(*) FILTER (WHERE outcome = ${parameters.Count + 3}) FROM newest GROUP BY type ORDER BY 3 DESC, 2 LIMIT {Top})
            """);
        command.Parameters.AddRange(SearchSql.Copies([.. parameters, step, from, (short)EventOutcome.Failure]));
        var found = new List<(string Kind, Talker One)>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            found.Add((reader.GetString(0), new Talker(reader.GetString(1), reader.GetInt64(2), reader.GetInt64(3))));
        }

        var all = Of("all")[0].Events;
        var counts = Of("at").ToDictionary(one => one.Value);
        return new EventSummaryResponse(
            Math.Min(all, MaxEvents), all <= MaxEvents, window, (int)step.TotalSeconds,
            [.. TimesOf(from, step, window.To ?? now).Select(at => Point(at, counts))], Of("user"), Of("client"), Of("ip"), Of("type"));

        List<Talker> Of(string kind) => [.. found.Where(one => one.Kind == kind).Select(one => one.One)];
    }

    /// <summary>Reads the alerts of a time range, newest first, and counts them by technique.</summary>
    public async Task<AlertSummaryResponse> ReadAlertsAsync(DateTimeOffset? from, DateTimeOffset? to, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var (criteria, terms) = (new EventCriteria { From = from, To = to, Type = DetectionEvents.Type, Source = DetectionEvents.SourceId }, SearchTerms.None);
        var window = SearchSql.WindowOf(criteria, terms, now);
        var (first, step) = Steps(window, now);
        var places = await FindAlertsAsync(criteria, terms, window, cancellationToken);
        var alerts = new List<FoundAlert>();
        LogSegment? segment = null;
        foreach (var (source, position) in places.Take(MaxAlerts))
        {
            if (segment is null || segment.SourceId != source || position < segment.FirstPosition || position >= segment.FirstPosition + segment.Count)
            {
                segment = await log.FindAsync(source, position, cancellationToken);
            }

            if (segment is not null)
            {
                var origin = await sources.GetAsync(source, cancellationToken);
                alerts.Add(Tell(normalizer.NormalizeOne(segment, (int)(position - segment.FirstPosition), origin)));
            }
        }

        var counts = alerts.CountBy(alert => Key(first + (step * Math.Floor((alert.OccurredAt - first) / step))))
            .ToDictionary(one => one.Key, one => new Talker(one.Key, one.Value, 0));
        var techniques = alerts.SelectMany(alert => alert.Techniques.Select(technique => (technique, alert))).GroupBy(one => one.technique, one => one.alert)
            .Select(one => new AlertTechnique(one.Key, one.Count(), one.Max(alert => alert.OccurredAt), [.. one.Select(alert => alert.Rule).Distinct()]));
        return new AlertSummaryResponse(
            alerts.Count, places.Count <= MaxAlerts, window, (int)step.TotalSeconds,
            [.. TimesOf(first, step, window.To ?? now).Select(at => Point(at, counts))],
            [.. techniques.OrderByDescending(one => one.Alerts).ThenBy(one => one.Technique, StringComparer.Ordinal)], [.. alerts.Take(Newest)]);
    }

    private async Task<List<(int Source, long Position)>> FindAlertsAsync(
        EventCriteria criteria, SearchTerms terms, SearchWindow window, CancellationToken cancellationToken)
    {
        var (where, parameters) = SearchSql.Where(criteria, terms, window);
        await using var command = database.CreateCommand($"""
            SELECT source_id, position FROM {LogTables.IndexedEvents} e WHERE {where} ORDER BY occurred_at DESC, source_id, position DESC LIMIT {MaxAlerts + 1}
            """);
        command.Parameters.AddRange(SearchSql.Copies(parameters));
        var places = new List<(int, long)>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            places.Add((reader.GetInt32(0), reader.GetInt64(1)));
        }

        return places;
    }

    private static FoundAlert Tell(SecurityEvent alert)
    {
        var group = alert.Details.Where(one => one.Key.StartsWith(DetectionEvents.Group, StringComparison.Ordinal))
            .Select(one => $"{one.Key[DetectionEvents.Group.Length..]} {one.Value}");
        return new FoundAlert(
            alert.Id, alert.OccurredAt, Detail(DetectionEvents.RuleTitle) ?? Detail(DetectionEvents.RuleId) ?? "", Detail(DetectionEvents.RuleLevel),
            Detail(DetectionEvents.Techniques)?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [],
            string.Join(", ", group));

        string? Detail(string name) => alert.Details.FirstOrDefault(one => one.Key == name).Value;
    }

    // About as many steps as a chart shows well, each of whole minutes.
    private static (DateTimeOffset From, TimeSpan Step) Steps(SearchWindow window, DateTimeOffset now)
    {
        var length = (window.To ?? now) - window.From;
        var step = TimeSpan.FromMinutes(Math.Max(1, Math.Ceiling(length.TotalMinutes / Points)));
        // The ends of the calendar are infinite to the database, and cannot be counted from.
        var from = window.From < MinFrom ? MinFrom : window.From > MaxFrom ? MaxFrom : window.From;
        return (new DateTimeOffset(from.UtcTicks - (from.UtcTicks % TimeSpan.TicksPerMinute), TimeSpan.Zero), step);
    }

    private static IEnumerable<DateTimeOffset> TimesOf(DateTimeOffset from, TimeSpan step, DateTimeOffset to)
    {
        for (var i = 0; i <= Points && step * i < to - from; i++)
        {
            yield return from + (step * i);
        }
    }

    private static SummaryPoint Point(DateTimeOffset at, Dictionary<string, Talker> counts) =>
        counts.TryGetValue(Key(at), out var one) ? new SummaryPoint(at, one.Events, one.Failures) : new SummaryPoint(at, 0, 0);

    private static string Key(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", System.Globalization.CultureInfo.InvariantCulture);
}
