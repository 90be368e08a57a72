using Npgsql;
using NpgsqlTypes;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Sources;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Detections;

/// <summary>Up to when a source is known to be read completely.</summary>
/// <param name="SourceId">The source.</param>
/// <param name="LastPosition">End of its log at that time.</param>
/// <param name="At">The time; null while the source fails, or is not known to be read completely.</param>
internal readonly record struct SourceSweep(int SourceId, long LastPosition, DateTimeOffset? At);

/// <summary>Reads what the rules have to know about time: where older events begin that they learn from, and how far sources are read.</summary>
internal sealed class LearningStarts(NpgsqlDataSource database, TimeProvider time)
{
    // The engine's own default.
    private static readonly TimeSpan Lateness = TimeSpan.FromMinutes(10);

    // The status of a poller that is not renewed is no news.
    private const string SweepSql = $"""
        SELECT s.id, h.next_position - 1, CASE WHEN s.kind <> 'keycloak' THEN $1 WHEN p.failing_since IS NULL THEN (
            SELECT CASE WHEN bool_and(x ->> 'completeAt' IS NOT NULL) THEN min((x ->> 'completeAt')::timestamptz) END FROM jsonb_array_elements(p.report -> 'streams') x) END
        FROM {ConfigurationTables.Sources} s JOIN {LogTables.Heads} h ON h.source_id = s.id LEFT JOIN {SourceStatusTable.Rows} p ON p.source_id = s.id
        WHERE s.enabled
        """;

    /// <summary>The positions after which each log is followed silently, so that the rules know what they need.</summary>
    /// <param name="ends">Up to where each log is followed.</param>
    /// <param name="reach">How far back the rules look.</param>
    /// <param name="maxEvents">Events of each log at most.</param>
    /// <param name="cancellationToken">Cancels the attempt.</param>
    public async Task<Dictionary<int, long>> FindAsync(
        IReadOnlyDictionary<int, long> ends, TimeSpan reach, int maxEvents, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"""
            SELECT g.source_id, greatest(coalesce((
                SELECT min(first_position) FROM {LogTables.Segments} s
                WHERE s.source_id = g.source_id AND s.first_position <= g.last AND s.last_position > g.last - $4 AND s.highest_at >= $3) - 1, g.last), g.last - $4)
            FROM unnest($1::int[], $2::bigint[]) AS g (source_id, last)
            """);
        command.Parameters.AddWithValue(ends.Keys.ToArray());
        command.Parameters.AddWithValue(ends.Values.ToArray());
        command.Parameters.AddWithValue((time.GetUtcNow() - reach - Lateness).ToUnixTimeMilliseconds());
        command.Parameters.AddWithValue((long)maxEvents);
        var starts = new Dictionary<int, long>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            starts[reader.GetInt32(0)] = Math.Max(0, reader.GetInt64(1));
        }

        return starts;
    }

    /// <summary>Up to when each enabled source is read completely.</summary>
    public async Task<IReadOnlyList<SourceSweep>> ReadSweepsAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(SweepSql);
        command.Parameters.Add(new NpgsqlParameter { Value = time.GetUtcNow(), NpgsqlDbType = NpgsqlDbType.TimestampTz });
        var sweeps = new List<SourceSweep>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var at = await reader.IsDBNullAsync(2, cancellationToken) ? (DateTimeOffset?)null : reader.GetFieldValue<DateTimeOffset>(2);
            sweeps.Add(new SourceSweep(reader.GetInt32(0), reader.GetInt64(1), at));
        }

        return sweeps;
    }
}
