using Microsoft.Extensions.Options;
using Npgsql;
using SiemForwarder.Service.Detections;
using SiemForwarder.Service.Dispatch.Delivery;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Integrations;
using SiemForwarder.Service.Sources;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Operations;

/// <summary>Reads active problems from the database; each query returns subject, name, since and message.</summary>
internal sealed class AlarmQueries(
    NpgsqlDataSource database, IOptions<OperationsOptions> options, IOptions<EngineOptions> engine, IOptions<EventLogOptions> log)
{
    // Alarms when a quarter of the retention time is left to react.
    private const double MarginShare = 0.25;

    // Rejected events have no next attempt; they have their own alarm.
    private const string IntegrationFailing = $"""
        SELECT 'integration:' || i.id, i.name, s.since,
            'Integration ''' || i.name || ''' gets nothing delivered since ' || to_char(s.since AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC'
            || coalesce(' (engine ' || nullif(s.engine, '') || ', pool ' || i.engine_pool || ')', '') || ': ' || s.error_message || ' Everything is kept and sent once it works.'
        FROM {ConfigurationTables.Integrations} i JOIN {IntegrationStatusTable.Rows} s ON s.integration_id = i.id
        WHERE i.enabled AND i.paused_at IS NULL AND s.status = 'Error' AND s.since <= $1 - $2::interval
            AND (s.error_category <> 'Rejected' OR s.next_attempt_at IS NOT NULL)
        """;

    private const string PoolEmpty = $"""
        SELECT 'pool:' || i.engine_pool, i.engine_pool, coalesce(max(seen.at), min(i.updated_at)),
            'No engine of the pool ''' || i.engine_pool || ''' is alive, so these integrations send nothing: ' || string_agg(i.name, ', ' ORDER BY i.name)
            || '. Everything is kept. Start an engine with Forwarder__Engine__Pools__0=' || i.engine_pool || ', or move them to another pool.'
        FROM {ConfigurationTables.Integrations} i
        LEFT JOIN LATERAL (SELECT max(last_seen_at) AS at FROM {LeaseTable.Engines} e WHERE 'dispatch' = ANY (roles) AND i.engine_pool = ANY (pools)) seen ON true
        WHERE i.enabled AND i.paused_at IS NULL AND coalesce(seen.at, i.updated_at) < now() - greatest($2::interval, $3::interval)
        GROUP BY i.engine_pool
        """;

    private const string SourceUnreachable = $"""
        SELECT 'source:' || s.id, s.name, p.failing_since,
            'Source ''' || s.name || ''' cannot be read since ' || to_char(p.failing_since AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC: ' || p.error
        FROM {ConfigurationTables.Sources} s JOIN {SourceStatusTable.Rows} p ON p.source_id = s.id
        WHERE s.enabled AND p.failing_since <= $1 - $2::interval
        """;

    private const string AuditingOff = $"""
        SELECT 'source:' || s.id, s.name, p.updated_at,
            'Keycloak stores no ' || array_to_string(p.auditing_off, ' and no ') || ' events of source ''' || s.name
            || ''': events that happen now can never be forwarded. Find out who switched it off; in the admin console: Realm settings → Events → Save events.'
        FROM {ConfigurationTables.Sources} s JOIN {SourceStatusTable.Rows} p ON p.source_id = s.id
        WHERE s.enabled AND cardinality(p.auditing_off) > 0
        """;

    // Part of the report, so that an engine that knows nothing of it clears it.
    private const string NodeClockAhead = $"""
        SELECT 'source:' || s.id, s.name, (p.report -> 'nodeClocks' ->> 'since')::timestamptz,
            'A clock of the Keycloak nodes behind source ''' || s.name || ''' is ' || (p.report -> 'nodeClocks' ->> 'spread') || ' (or more) ahead of another, '
            || 'or transactions take longer than 5 minutes. Polling follows the slower clock and nothing is lost, but events of the slower node are late and '
            || 'all times are unreliable. Synchronize all nodes with a time server (NTP).'
        FROM {ConfigurationTables.Sources} s JOIN {SourceStatusTable.Rows} p ON p.source_id = s.id
        WHERE s.enabled AND p.report -> 'nodeClocks' ->> 'since' IS NOT NULL
        """;

    private const string SourceMargin = $"""
        SELECT 'source:' || s.id, s.name, p.updated_at,
            'Source ''' || s.name || ''' is ' || p.unread_seconds || ' s behind, and Keycloak deletes events after ' || p.expiration_seconds
            || ' s. Restore polling, or let Keycloak keep events longer (Realm settings → Events → Expiration).'
        FROM {ConfigurationTables.Sources} s JOIN {SourceStatusTable.Rows} p ON p.source_id = s.id
        WHERE s.enabled AND p.expiration_seconds > 0
            AND p.unread_seconds + extract(epoch FROM $1 - p.updated_at) > p.expiration_seconds * (1 - $4::float8)
        """;

    private const string IntegrationMargin = $"""
        SELECT 'integration:' || i.integration_id, i.name, $1,
            'Integration ''' || i.name || ''' has not received events stored on ' || to_char(min(g.day), 'YYYY-MM-DD')
            || ' (UTC), and the hard limit of the log drops them after ' || $5 || ' days. Restore delivery, or raise Forwarder__EventLog__HardLimitDays.'
        FROM {ConfigurationTables.Readings} i JOIN {LogTables.Heads} h ON h.source_id = i.source_id
        LEFT JOIN {LogTables.Checkpoints} c ON c.integration_id = i.integration_id AND c.source_id = h.source_id
        CROSS JOIN LATERAL (
            SELECT day FROM {LogTables.Days} d WHERE source_id = h.source_id AND first_position <= coalesce(c.position, 0) + 1 ORDER BY first_position DESC LIMIT 1) g
        WHERE i.enabled AND $5 > 0 AND h.next_position - 1 > coalesce(c.position, 0) AND g.day + interval '1 day' < $1 - $5 * (1 - $4::float8) * interval '1 day'
        GROUP BY i.integration_id, i.name
        """;

    private const string RealmReadTwice = $"""
        SELECT 'source:' || s.id, s.name, r.read_at,
            'Source ''' || s.name || ''' reads the same realm as ' || string_agg('''' || o.name || '''', ', ' ORDER BY o.id)
            || ', so each of its events is forwarded once per source. Delete one of them, or set keycloak.allowDuplicate if this is intended.'
        FROM {ConfigurationTables.Sources} s JOIN {RealmIdentities.Rows} r ON r.source_id = s.id
        JOIN {RealmIdentities.Rows} x ON x.source_id < s.id AND x.realm = r.realm AND (x.issuer = r.issuer OR x.key_ids && r.key_ids)
        JOIN {ConfigurationTables.Sources} o ON o.id = x.source_id AND o.enabled
        WHERE s.enabled AND coalesce(s.definition -> 'keycloak' ->> 'allowDuplicate', 'false') = 'false'
            AND r.base_url = s.definition -> 'keycloak' ->> 'baseUrl' AND r.realm = s.definition -> 'keycloak' ->> 'realm'
            AND x.base_url = o.definition -> 'keycloak' ->> 'baseUrl' AND x.realm = o.definition -> 'keycloak' ->> 'realm'
        GROUP BY s.id, s.name, r.read_at
        """;

    private const string CredentialExpiring = $"""
        SELECT o.subject, o.name, min(e.ends_at) - interval '30 days',
            o.sort || ' ''' || o.name || ''' depends on what expires soon: '
            || string_agg(e.what || CASE WHEN e.ends_at < $1 THEN ' expired on ' ELSE ' expires on ' END || to_char(e.ends_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC',
                '; ' ORDER BY e.ends_at, e.what) || '. Renew it in time: nothing is delivered or polled without it.'
        FROM {ExpiryWatch.Rows} e
        JOIN (
            SELECT 'integration:' || id AS subject, 'Integration' AS sort, name, version FROM {ConfigurationTables.Integrations} i WHERE enabled AND paused_at IS NULL
            UNION ALL SELECT 'source:' || id, 'Source', name, version FROM {ConfigurationTables.Sources} s WHERE enabled) o
            ON o.subject = e.subject AND o.version = e.version
        WHERE e.ends_at < $1 + interval '30 days' AND e.seen_at > $1 - interval '1 day'
        GROUP BY o.subject, o.sort, o.name
        """;

    private const string EventsSlow = $"""
        SELECT 'integration:' || i.id, i.name, min(e.first_at),
            'Integration ''' || i.name || ''' was held up: ' || string_agg(
                'event ' || e.event_id || ' of source ''' || coalesce(s.name, e.source_id::text) || ''' took ' || e.milliseconds || ' ms to prepare'
                || CASE WHEN e.event_count > 1 THEN ' (and ' || e.event_count - 1 || ' more were slow)' ELSE '' END, '; ' ORDER BY e.milliseconds DESC)
            || '. Check what it contains and who sends it; privacy rules on many values take longest.'
        FROM {DeliveryTables.SlowEvents} e JOIN {ConfigurationTables.Integrations} i ON i.id = e.integration_id
        LEFT JOIN {ConfigurationTables.Sources} s ON s.id = e.source_id
        WHERE i.enabled AND e.last_at > $1 - interval '1 day'
        GROUP BY i.id, i.name
        """;

    private const string EventsSetAside = $"""
        SELECT 'integration:' || i.id, i.name, min(a.set_aside_at),
            'The destination of integration ''' || i.name || ''' permanently rejected events; they have been set aside since '
            || to_char(min(a.set_aside_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC and are not retried automatically. Reason: '
            || (array_agg(a.reason ORDER BY a.id))[1] || ' See /api/v1/integrations/' || i.id || '/set-aside, fix the cause, and redrive or discard them.'
        FROM {DeliveryTables.SetAside} a JOIN {ConfigurationTables.Integrations} i ON i.id = a.integration_id
        WHERE i.enabled AND a.state IN ('open', 'requested')
        GROUP BY i.id, i.name
        """;

    private const string EventsLost = $"""
        SELECT 'integration:' || i.id, i.name, min(g.noted_at),
            sum(g.last_position - g.first_position + 1) || ' events were dropped before integration ''' || i.name || ''' received them. ' || max(g.reason)
        FROM {LogTables.Gaps} g JOIN {ConfigurationTables.Integrations} i ON i.id = g.integration_id
        WHERE g.noted_at > $1 - interval '1 day' AND g.source_id <> 0
        GROUP BY i.id, i.name
        """;

    private const string HistoryReplaced = $"""
        SELECT 'source:' || s.id, s.name, min(b.noticed_at),
            'The database went back in time: of source ''' || s.name || ''' the events up to position ' || min(b.survived_next) - 1 || ' survived'
            || coalesce(', ' || sum(b.known_next - b.survived_next - b.restored) || ' later ones could not be restored from memory', '')
            || '. Realms are polled again; ask the senders of pushed events to resend what they sent since '
            || coalesce(to_char(min(b.survived_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC', 'the beginning') || '. ' || max(b.reason)
        FROM {LogTables.Breaks} b JOIN {ConfigurationTables.Sources} s ON s.id = b.source_id
        WHERE b.noticed_at BETWEEN $1 - interval '1 day' AND $1 - interval '10 seconds' AND b.source_id <> 0
            AND (b.known_next IS NULL OR b.known_next - b.survived_next > b.restored)
        GROUP BY s.id, s.name
        """;

    private const string DetectionBlind = $"""
        SELECT 'rule:' || b.file, b.file, min(b.since),
            'Rules of ''' || b.file || ''' cannot see what they are for: ' || string_agg(DISTINCT b.reason, ' ')
        FROM {DetectionTables.Blind} b GROUP BY b.file
        """;

    private const string DetectionFailing = $"""
        SELECT 'rule:' || f.rule, f.title, f.since,
            'Rule ''' || f.title || ''' is in Error' || CASE WHEN f.event = '' THEN '' ELSE ' since event ' || f.event END || ': ' || f.reason
            || '. It finds nothing until its file is saved again or switched off and on; the other rules go on.'
        FROM {DetectionTables.Faults} f
        """;

    private const string DetectionNoisy = $"""
        SELECT 'rule:' || n.name, n.name, date_trunc('day', $1, 'UTC'),
            'Rules of ''' || n.name || ''' raised more alerts today than the ' || n.expected_per_day || ' a day that are expected. Narrow the rules, exclude what is '
            || 'harmless by a filter, or expect more.'
        FROM {DetectionTables.Noisy} n
        """;

    private static readonly (AlarmKind Kind, string Sql)[] Queries =
    [
        (AlarmKind.IntegrationFailing, IntegrationFailing),
        (AlarmKind.PoolEmpty, PoolEmpty),
        (AlarmKind.SourceUnreachable, SourceUnreachable),
        (AlarmKind.AuditingOff, AuditingOff),
        (AlarmKind.NodeClockAhead, NodeClockAhead),
        (AlarmKind.RetentionMarginShort, SourceMargin),
        (AlarmKind.RetentionMarginShort, IntegrationMargin),
        (AlarmKind.RealmReadTwice, RealmReadTwice),
        (AlarmKind.CredentialExpiring, CredentialExpiring),
        (AlarmKind.EventsSlow, EventsSlow),
        (AlarmKind.EventsSetAside, EventsSetAside),
        (AlarmKind.EventsLost, EventsLost),
        (AlarmKind.HistoryReplaced, HistoryReplaced),
        (AlarmKind.DetectionBlind, DetectionBlind),
        (AlarmKind.DetectionFailing, DetectionFailing),
        (AlarmKind.DetectionNoisy, DetectionNoisy),
    ];

    /// <summary>All problems that are active now.</summary>
    public async Task<IReadOnlyList<Alarm>> ReadAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        var alarms = new List<Alarm>();
        foreach (var (kind, sql) in Queries)
        {
            await using var command = database.CreateCommand($"WITH given AS (SELECT $1::timestamptz, $2::interval, $3::interval, $4::float8, $5::int) {sql}");
            command.Parameters.AddWithValue(now);
            command.Parameters.AddWithValue(options.Value.FailingAfter);
            command.Parameters.AddWithValue(engine.Value.LeaseDuration);
            command.Parameters.AddWithValue(MarginShare);
            command.Parameters.AddWithValue(log.Value.HardLimitDays);
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                alarms.Add(new Alarm(kind, reader.GetString(0), reader.GetString(1), reader.GetFieldValue<DateTimeOffset>(2), reader.GetString(3)));
            }
        }

        return alarms;
    }

    /// <summary>The subjects that are still supposed to work: one that was disabled, paused or deleted has not recovered.</summary>
    public async Task<IReadOnlySet<string>> ReadWatchedAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"""
            SELECT 'integration:' || id FROM {ConfigurationTables.Integrations} i WHERE enabled AND paused_at IS NULL
            UNION SELECT 'pool:' || engine_pool FROM {ConfigurationTables.Integrations} i WHERE enabled AND paused_at IS NULL
            UNION SELECT 'source:' || id FROM {ConfigurationTables.Sources} s WHERE enabled
            UNION SELECT 'rule:' || name FROM {DetectionTables.Rules} r WHERE enabled
            """);
        var watched = new HashSet<string>(StringComparer.Ordinal);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            watched.Add(reader.GetString(0));
        }

        return watched;
    }
}
