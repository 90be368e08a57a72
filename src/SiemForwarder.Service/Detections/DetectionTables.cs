using SiemForwarder.Events;
using SiemForwarder.Service.EventLog;

namespace SiemForwarder.Service.Detections;

/// <summary>The detection tables for SQL in other folders, and for the reader's own lease.</summary>
internal static class DetectionTables
{
    /// <summary>The source of the alerts, in every database; its lease is the right to read for the rules.</summary>
    public const int SourceId = DetectionEvents.SourceId;

    public const string Rules = "(SELECT name, enabled, expected_per_day, updated_at FROM detection_rule)";

    /// <summary>Rules that are blind, in a source or for the SIEM of an integration (source 0), with the reason and since when.</summary>
    public const string Blind = """
        (SELECT rule, file, source_id, reason, since FROM detection_blind WHERE NOT is_partial
            UNION ALL SELECT rule, file, 0, reason, since FROM detection_unseen)
        """;

    /// <summary>Rules that see only a part of what they are for, with the reason and since when.</summary>
    public const string PartlyBlind = "(SELECT rule, source_id, reason, since FROM detection_blind WHERE is_partial)";

    /// <summary>The events of each source that the rules have not read: source_id, events; none while no rule is enabled.</summary>
    public const string Backlog = $"""
        (SELECT h.source_id, greatest(h.next_position - 1 - coalesce(c.position, 0), 0) AS events FROM {LogTables.Heads} h
            LEFT JOIN detection_checkpoint c ON c.source_id = h.source_id
            WHERE EXISTS (SELECT 1 FROM detection_rule WHERE enabled))
        """;

    /// <summary>Files that alerted more often today than their author expects of a day: name, alerts, expected.</summary>
    public const string Noisy = """
        (SELECT r.name, d.alerts, r.expected_per_day FROM detection_rule r
            JOIN (SELECT file, sum(alerts)::bigint AS alerts FROM detection_day WHERE day = (now() AT TIME ZONE 'UTC')::date GROUP BY file) d ON d.file = r.name
            WHERE r.enabled AND d.alerts > r.expected_per_day)
        """;

    /// <summary>Rules in Error: rule, title, the event at which it happened (empty for none), the reason, and when the reader told of it.</summary>
    public const string Faults = """
        (SELECT r ->> 'rule' AS rule, r ->> 'title' AS title, r -> 'fault' ->> 'eventId' AS event, r -> 'fault' ->> 'reason' AS reason, d.reported_at AS since
            FROM detection_reader d CROSS JOIN LATERAL jsonb_array_elements(d.report) r
            WHERE r ->> 'fault' IS NOT NULL AND EXISTS (SELECT 1 FROM detection_rule WHERE enabled))
        """;

    /// <summary>The reading that is to be done: one row while any rule is enabled.</summary>
    public const string Work = "(SELECT -1 AS id WHERE EXISTS (SELECT 1 FROM detection_rule WHERE enabled))";

    /// <summary>Keeps the events that the rules have not read, and those that are read again after a crash.</summary>
    public static readonly LogHold Hold = new(
        """
        (SELECT NULL::integer AS integration_id, c.source_id, least(c.position, c.snapshot_position) AS position, 9223372036854775807 AS last_position
            FROM detection_checkpoint c WHERE EXISTS (SELECT 1 FROM detection_rule WHERE enabled))
        """,
        """
        UPDATE detection_checkpoint c SET position = least(c.position, m.next_position - 1), snapshot_position = least(c.snapshot_position, m.next_position - 1)
        FROM moved m WHERE c.source_id = m.source_id AND greatest(c.position, c.snapshot_position) >= m.next_position
        """);
}
