using Npgsql;
using SiemForwarder.Service.Api;

namespace SiemForwarder.Service.Integrations;

/// <summary>Where an integration begins to read the sources that a change adds to it: with what is stored from then on, unless said otherwise.</summary>
internal static class AddedSources
{
    private static readonly Dictionary<string, bool> Starts = new() { ["now"] = false, ["everything"] = true };

    /// <summary>Whether what is stored already is wanted too.</summary>
    public static bool WantsEverything(string? start, FieldErrors errors) => errors.Choose("startOfNewSources", start, false, Starts);

    /// <summary>Sets the checkpoints of added sources, in the transaction of the change.</summary>
    /// <param name="connection">Connection of that transaction.</param>
    /// <param name="integrationId">The integration.</param>
    /// <param name="before">Sources before the change; empty for all.</param>
    /// <param name="after">Sources after it; empty for all.</param>
    /// <param name="everything">Whether stored events are wanted: from where it stopped, else from the oldest.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    public static async Task StartAsync(
        NpgsqlConnection connection, int integrationId, IReadOnlyList<int> before, IReadOnlyList<int> after, bool everything,
        CancellationToken cancellationToken)
    {
        // Whoever took all sources gains none.
        if (before.Count == 0 || (after.Count > 0 && !after.Except(before).Any()))
        {
            return;
        }

        // What retention dropped before the source was added was never owed to the integration.
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
