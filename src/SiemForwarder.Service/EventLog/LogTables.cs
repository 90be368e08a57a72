using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.EventLog;

/// <summary>The log's tables for SQL in other folders: each relation is a subquery to use in place of a table.</summary>
internal static class LogTables
{
    public const string Heads = "(SELECT source_id, next_position, incarnation, last_received_at FROM log_head)";

    public const string Days = "(SELECT source_id, day, first_position FROM log_day)";

    public const string Segments = "(SELECT source_id, first_position, last_position, lowest_at, highest_at, received_at, keys FROM segment)";

    /// <summary>The size of all segments on disk in bytes, as a value.</summary>
    public const string Size = """
        (SELECT coalesce(sum(pg_total_relation_size(p.inhrelid)), 0)::bigint FROM pg_inherits p WHERE p.inhparent = 'segment'::regclass)
        """;

    /// <summary>For each row of <c>lag</c> (<c>source_id</c>, <c>position</c>), the <c>day</c> of the first event after the position and the
    /// <c>lowest_at</c> of its segment, for a lateral join; reads no event.</summary>
    public const string OldestOfLag = """
        LATERAL (
            SELECT d.day, o.lowest_at FROM (
                SELECT day FROM log_day WHERE source_id = lag.source_id AND first_position <= lag.position + 1 ORDER BY first_position DESC LIMIT 1) d
            LEFT JOIN LATERAL (
                SELECT lowest_at FROM segment WHERE source_id = lag.source_id AND last_position > lag.position
                    AND received_at >= d.day::timestamp AT TIME ZONE 'UTC' AND received_at < (d.day + 1)::timestamp AT TIME ZONE 'UTC'
                ORDER BY last_position LIMIT 1) o ON true)
        """;

    public const string Breaks =
        "(SELECT id, source_id, incarnation, survived_next, survived_at, known_next, restored, noticed_at, reason, announced FROM log_break)";

    public const string Gaps = "(SELECT id, source_id, integration_id, first_position, last_position, reason, noted_at, announced FROM gap)";

    public const string DeletedSources = "(SELECT source_id, name FROM deleted_source)";

    /// <summary>The positions of integrations in the logs.</summary>
    public const string Checkpoints = "(SELECT integration_id, source_id, position, start_position FROM integration_checkpoint)";

    /// <summary>The checkpoints of polls, by source and stream.</summary>
    public const string PollCheckpoints = "(SELECT source_id, stream, state FROM poll_checkpoint)";

    public const string IndexedEvents = """
        (SELECT source_id, position, key, event_id, occurred_at, received_at, type, category, outcome, severity, user_id, user_name, client_id, ip, session_id
         FROM event_index)
        """;

    /// <summary>What the rows of <see cref="IndexedEvents"/> are quickly found by: <c>hashtext</c> of user id and name in lower case, of client, session and
    /// the address as <c>host</c> writes it.</summary>
    public const string TermsOfEvent = "event_terms(user_id, user_name, client_id, ip, session_id)";

    /// <summary>The number of events of each source that are not indexed yet.</summary>
    public const string NotIndexed = """
        (SELECT h.source_id, h.next_position - 1 - coalesce(c.position, 0) AS events FROM log_head h LEFT JOIN index_checkpoint c USING (source_id))
        """;

    /// <summary>Moves the checkpoint of integration $1 in source $2 from $3 to $4 for each row of <c>held</c>; returns a row if it did.</summary>
    public const string MoveCheckpoint = $"""
        INSERT INTO integration_checkpoint AS c (integration_id, source_id, position) SELECT $1, $2, $4 FROM held
            WHERE EXISTS (SELECT 1 FROM {ConfigurationTables.Integrations} i WHERE id = $1)
                AND EXISTS (SELECT 1 FROM {ConfigurationTables.Sources} s WHERE id = $2)
        ON CONFLICT (integration_id, source_id) DO UPDATE SET position = $4 WHERE c.position = $3
        RETURNING 1
        """;

    /// <summary>Creates the empty log of source $1.</summary>
    public const string CreateLog = "INSERT INTO log_head (source_id) VALUES ($1)";

    /// <summary>Records, once, that integration $2 will not receive positions $3 to $4 of source $1, for reason $5, at $6, in history $7 of the log.</summary>
    public const string NoteGap = """
        INSERT INTO gap (source_id, integration_id, first_position, last_position, reason, noted_at)
        SELECT $1, $2, $3, $4, $5, $6 FROM log_head WHERE source_id = $1 AND incarnation = $7 AND next_position > $4
            AND NOT EXISTS (SELECT 1 FROM gap WHERE source_id = $1 AND integration_id = $2 AND first_position = $3)
        """;

    /// <summary>Records that integration $2 will not receive positions $3 to $4 of source $1, for reason $5, at $6.</summary>
    public const string AddGap =
        "INSERT INTO gap (source_id, integration_id, first_position, last_position, reason, noted_at) VALUES ($1, $2, $3, $4, $5, $6)";

    /// <summary>Records that source $1 named $2 was deleted at $3, so that its events are removed.</summary>
    public const string AddDeletedSource = "INSERT INTO deleted_source (source_id, name, deleted_at) VALUES ($1, $2, $3)";

    /// <summary>Marks the gaps $1, and those of the forwarder's own log, as announced.</summary>
    public const string MarkGapsTold = "UPDATE gap SET announced = true WHERE NOT announced AND (id = ANY ($1) OR source_id = 0)";

    /// <summary>Marks the breaks $1, and those of the forwarder's own log, as announced.</summary>
    public const string MarkBreaksTold = "UPDATE log_break SET announced = true WHERE NOT announced AND (id = ANY ($1) OR source_id = 0)";

    /// <summary>Wakes all engines to check for requests at once.</summary>
    public const string WakeEngines = $"SELECT pg_notify('{EventLogWriter.Channel}', '{EventLogListenService.Wake}')";

    /// <summary>Updates one row without changing it, to test whether the log can be written.</summary>
    public const string TryWrite = "UPDATE log_origin SET seen_at = seen_at";
}

/// <summary>Readers of a log without a checkpoint in it: events they have not read are kept like events that an integration has not received.</summary>
/// <param name="Rows">Relation of what they still have to read: integration_id, source_id, position, last_position.</param>
/// <param name="CutOff">Statement that moves the readers back to the end of each log in <c>moved</c> (source_id, next_position).</param>
internal sealed record LogHold(string Rows, string CutOff);
