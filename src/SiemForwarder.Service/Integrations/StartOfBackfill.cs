using System.Globalization;
using Npgsql;
using SiemForwarder.Service.Api;

namespace SiemForwarder.Service.Integrations;

/// <summary>The history that a new integration wants: stored events from an instant on; null for all of them.</summary>
/// <remarks>History runs in a lane of its own, so that it never delays live events; the order of events is kept within each lane.</remarks>
internal sealed record StartOfBackfill(DateTimeOffset? From)
{
    private const int EventsPerSecond = 2000;

    /// <summary>Reads <c>now</c> (null), <c>everything</c> or an instant.</summary>
    public static StartOfBackfill? Parse(string? start, FieldErrors errors)
    {
        if (start is null || string.Equals(start, "now", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        if (string.Equals(start, "everything", StringComparison.OrdinalIgnoreCase))
        {
            return new StartOfBackfill((DateTimeOffset?)null);
        }

        if (DateTimeOffset.TryParse(start, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var instant))
        {
            return new StartOfBackfill(instant.ToUniversalTime());
        }

        errors.Add("start", "Must be now, everything, or an instant such as 2026-01-31T00:00:00Z.");
        return null;
    }

    /// <summary>Orders the history that ends where the live checkpoints of the new integration begin.</summary>
    public async Task OrderAsync(NpgsqlConnection connection, int integrationId, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            """
            WITH created AS (
                INSERT INTO replay (integration_id, kind, definition, events_per_second, created_by, created_at)
                VALUES ($1, 'backfill', jsonb_build_object('from', $2::timestamptz, 'to', NULL, 'filter', jsonb_build_object('include', NULL, 'exclude', NULL)), $3, 'start of the integration', $4)
                RETURNING id
            )
            INSERT INTO replay_range (replay_id, source_id, first_position, last_position, position)
            SELECT created.id, c.source_id, held.first, c.position, held.first - 1
            FROM created, integration i, integration_checkpoint c
            CROSS JOIN LATERAL (SELECT min(first_position) AS first FROM segment WHERE source_id = c.source_id AND ($2::timestamptz IS NULL OR highest_at >= extract(epoch FROM $2::timestamptz) * 1000)) held
            WHERE i.id = $1 AND c.integration_id = i.id AND held.first <= c.position
                AND (jsonb_array_length(i.definition -> 'sources') = 0 OR i.definition -> 'sources' @> to_jsonb(c.source_id))
            """,
            connection);
        command.Parameters.AddWithValue(integrationId);
        command.Parameters.AddWithValue(NpgsqlTypes.NpgsqlDbType.TimestampTz, (object?)From ?? DBNull.Value);
        command.Parameters.AddWithValue(EventsPerSecond);
        command.Parameters.AddWithValue(now);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
