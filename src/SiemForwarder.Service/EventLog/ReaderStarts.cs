using Npgsql;

namespace SiemForwarder.Service.EventLog;

/// <summary>Where integrations start to read logs.</summary>
internal static class ReaderStarts
{
    /// <summary>Starts a new integration at the end of every log, in the transaction that stores it.</summary>
    public static async Task BeginAtEndsAsync(NpgsqlConnection connection, int integrationId, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            """
            INSERT INTO integration_checkpoint (integration_id, source_id, position, start_position)
            SELECT $1, source_id, next_position - 1, next_position - 1 FROM log_head
            """,
            connection);
        command.Parameters.AddWithValue(integrationId);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Sets the checkpoints of sources that a change adds to an integration, in the transaction of the change.</summary>
    /// <param name="connection">Connection of that transaction.</param>
    /// <param name="integrationId">The integration.</param>
    /// <param name="before">Sources before the change.</param>
    /// <param name="after">Sources after it; empty for all.</param>
    /// <param name="everything">Whether to include stored events: from where it stopped, otherwise from the oldest.</param>
    /// <param name="cancellationToken">Cancels the attempt.</param>
    public static async Task BeginAddedAsync(
        NpgsqlConnection connection, int integrationId, IReadOnlyList<int> before, IReadOnlyList<int> after, bool everything,
        CancellationToken cancellationToken)
    {
        // Events that retention dropped before the source was added do not count as lost for the integration.
        await using var command = new NpgsqlCommand(
            """
            INSERT INTO integration_checkpoint (integration_id, source_id, position, start_position)
            SELECT $1, h.source_id, begun.position, begun.position
            FROM log_head h
            LEFT JOIN integration_checkpoint known ON known.integration_id = $1 AND known.source_id = h.source_id
            CROSS JOIN LATERAL (SELECT CASE WHEN known.position > known.start_position THEN known.position ELSE 0 END AS position) stopped
            LEFT JOIN LATERAL (
                SELECT first_position FROM segment WHERE source_id = h.source_id AND last_position > stopped.position ORDER BY last_position LIMIT 1
            ) held ON $4
            CROSS JOIN LATERAL (
                SELECT CASE WHEN held.first_position IS NULL THEN h.next_position - 1 ELSE greatest(stopped.position, held.first_position - 1) END AS position
            ) begun
            WHERE h.source_id <> ALL ($2) AND (cardinality($3::int[]) = 0 OR h.source_id = ANY ($3))
            ON CONFLICT (integration_id, source_id) DO UPDATE SET position = excluded.position, start_position = excluded.start_position
            """,
            connection);
        command.Parameters.AddWithValue(integrationId);
        command.Parameters.AddWithValue(before.ToArray());
        command.Parameters.AddWithValue(after.ToArray());
        command.Parameters.AddWithValue(everything);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
