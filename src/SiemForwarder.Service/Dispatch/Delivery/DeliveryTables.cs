namespace SiemForwarder.Service.Dispatch.Delivery;

/// <summary>The delivery records for SQL in other folders: each relation is a subquery to use in place of a table.</summary>
internal static class DeliveryTables
{
    public const string Deliveries = """
        (SELECT id, integration_id, source_id, first_position, last_position, event_count, byte_count, sha256, attempts, answer, filtered, delivered_at, replay_id
            FROM delivery)
        """;

    public const string SetAside = """
        (SELECT id, integration_id, source_id, position, event_id, event_type, occurred_at, bytes, reason, answer, set_aside_at, state, note, decided_at,
            mapping_version, announced FROM set_aside)
        """;

    public const string SlowEvents =
        "(SELECT integration_id, source_id, event_id, milliseconds, event_count, first_at, last_at FROM slow_event)";

    /// <summary>Marks the set-aside events $1, and those of the forwarder's own log, as announced.</summary>
    public const string MarkSetAsideTold = "UPDATE set_aside SET announced = true WHERE NOT announced AND (id = ANY ($1) OR source_id = 0)";
}
