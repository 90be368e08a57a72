using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using SiemForwarder.Detections;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Detections;

/// <summary>A range of one log that the rules followed.</summary>
internal readonly record struct FollowedRange(int SourceId, long First, long Last);

/// <summary>Where the reader stopped.</summary>
/// <param name="Positions">Up to where it read each log; a log that is missing was not begun.</param>
/// <param name="SnapshotPositions">Up to where it had read each log at the snapshot.</param>
/// <param name="Since">What it read since the snapshot, in this order.</param>
/// <param name="Snapshot">What the rules remembered; null for none.</param>
/// <param name="SnapshotRules">Key and version of the rules that the snapshot knows.</param>
internal sealed record ReaderState(
    Dictionary<int, long> Positions, IReadOnlyDictionary<int, long> SnapshotPositions, IReadOnlyList<FollowedRange> Since, byte[]? Snapshot,
    IReadOnlySet<string> SnapshotRules);

/// <summary>What the rules remember at the end of a batch.</summary>
/// <param name="Bytes">The engine's snapshot.</param>
/// <param name="Rules">Key and version of its rules.</param>
internal sealed record ReaderSnapshot(byte[] Bytes, IReadOnlyList<string> Rules);

/// <summary>One batch that the rules followed, to be recorded as a whole.</summary>
/// <param name="Ranges">What was read, in this order.</param>
/// <param name="Before">The position before it in each log of the ranges.</param>
/// <param name="Alerts">Number of alerts by file and key of the rule.</param>
internal sealed record FollowedBatch(
    IReadOnlyList<FollowedRange> Ranges, IReadOnlyDictionary<int, long> Before, IReadOnlyDictionary<(string File, string Rule), int> Alerts)
{
    /// <summary>What the rules remember afterwards; null if this is not the time to write it down.</summary>
    public ReaderSnapshot? Snapshot { get; init; }

    /// <summary>What became of each rule; null if this is not the time to tell.</summary>
    public IReadOnlyList<RuleReport>? Report { get; init; }

    /// <summary>Positions that were gone before they could be read, by log.</summary>
    public IReadOnlyDictionary<int, long> Lost { get; init; } = new Dictionary<int, long>();
}

/// <summary>Records what the rules followed: positions, snapshot and report, together with the alerts or not at all.</summary>
/// <param name="database">Connections.</param>
/// <param name="fence">Number of the lease: nothing is recorded for a reader that lost it.</param>
/// <param name="time">Clock.</param>
internal sealed class DetectionJournal(NpgsqlDataSource database, long fence, TimeProvider time)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    public async Task<ReaderState> LoadAsync(CancellationToken cancellationToken)
    {
        var (positions, snapshotted, since) = (new Dictionary<int, long>(), new Dictionary<int, long>(), new List<FollowedRange>());
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using (var command = new NpgsqlCommand("SELECT source_id, position, snapshot_position FROM detection_checkpoint", connection))
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                positions[reader.GetInt32(0)] = reader.GetInt64(1);
                snapshotted[reader.GetInt32(0)] = reader.GetInt64(2);
            }
        }

        await using (var command = new NpgsqlCommand("SELECT source_id, first_position, last_position FROM detection_batch ORDER BY id", connection))
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                since.Add(new FollowedRange(reader.GetInt32(0), reader.GetInt64(1), reader.GetInt64(2)));
            }
        }

        await using (var command = new NpgsqlCommand("SELECT snapshot, snapshot_rules FROM detection_reader", connection))
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            await reader.ReadAsync(cancellationToken);
            return new ReaderState(
                positions, snapshotted, since, reader.IsDBNull(0) ? null : reader.GetFieldValue<byte[]>(0),
                reader.GetFieldValue<string[]>(1).ToHashSet(StringComparer.Ordinal));
        }
    }

    /// <summary>Records a batch without alerts in a transaction of its own; false if the reader lost its lease or its place.</summary>
    public async Task<bool> RecordAsync(FollowedBatch batch, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (!await RecordAsync(connection, batch, cancellationToken))
        {
            return false;
        }

        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    /// <summary>Records a batch in the caller's transaction; false if the reader lost its lease or its place.</summary>
    public async Task<bool> RecordAsync(NpgsqlConnection connection, FollowedBatch batch, CancellationToken cancellationToken)
    {
        if (!await HoldAsync(connection, cancellationToken))
        {
            return false;
        }

        var lasts = batch.Ranges.GroupBy(range => range.SourceId).ToDictionary(ranges => ranges.Key, ranges => ranges.Max(range => range.Last));
        var (moved, stood) = await MoveAsync(connection, batch, lasts, cancellationToken);
        if (stood == lasts.Count && moved < lasts.Count)
        {
            // An earlier attempt was committed, though its answer was lost.
            return moved == 0;
        }

        if (moved < lasts.Count)
        {
            return false;
        }

        await CountAlertsAsync(connection, batch.Alerts, cancellationToken);
        if (batch.Snapshot is { } snapshot)
        {
            await SaveSnapshotAsync(connection, snapshot, cancellationToken);
        }
        else
        {
            await AddRangesAsync(connection, batch.Ranges, cancellationToken);
        }

        if (batch.Report is { } report)
        {
            await using var command = new NpgsqlCommand("UPDATE detection_reader SET report = $1, reported_at = $2", connection);
            command.Parameters.Add(new NpgsqlParameter { Value = JsonSerializer.Serialize(report, Json), NpgsqlDbType = NpgsqlDbType.Jsonb });
            command.Parameters.AddWithValue(time.GetUtcNow());
            await command.ExecuteNonQueryAsync(cancellationToken);
        }

        return true;
    }

    private async Task<bool> HoldAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            $"SELECT 1 FROM {LeaseTable.Leases} l WHERE kind = 'source' AND resource_id = $1 AND fence = $2 FOR SHARE", connection);
        command.Parameters.AddWithValue(DetectionTables.SourceId);
        command.Parameters.AddWithValue(fence);
        return await command.ExecuteScalarAsync(cancellationToken) is not null;
    }

    private async Task<(int Moved, int Stood)> MoveAsync(
        NpgsqlConnection connection, FollowedBatch batch, Dictionary<int, long> lasts, CancellationToken cancellationToken)
    {
        if (lasts.Count == 0)
        {
            return (0, 0);
        }

        await using var command = new NpgsqlCommand($"""
            WITH given AS (SELECT * FROM unnest($1::int[], $2::bigint[], $3::bigint[], $4::bigint[]) AS g (source_id, before, last, lost)),
            stood AS (SELECT 1 FROM detection_checkpoint c JOIN given g USING (source_id) WHERE c.position = g.last),
            moved AS (
                INSERT INTO detection_checkpoint AS c (source_id, position, snapshot_position, lost_count, lost_at)
                SELECT s.id, g.last, g.before, g.lost, CASE WHEN g.lost > 0 THEN $5 END
                FROM given g JOIN {ConfigurationTables.Sources} s ON s.id = g.source_id
                ON CONFLICT (source_id) DO UPDATE SET position = excluded.position, lost_count = c.lost_count + excluded.lost_count,
                    lost_at = coalesce(excluded.lost_at, c.lost_at)
                    WHERE c.position = (SELECT before FROM given g WHERE g.source_id = c.source_id)
                RETURNING 1
            )
            SELECT (SELECT count(*) FROM moved)::int, (SELECT count(*) FROM stood)::int
            """, connection);
        command.Parameters.AddWithValue(lasts.Keys.ToArray());
        command.Parameters.AddWithValue(lasts.Keys.Select(source => batch.Before[source]).ToArray());
        command.Parameters.AddWithValue(lasts.Values.ToArray());
        command.Parameters.AddWithValue(lasts.Keys.Select(source => batch.Lost.GetValueOrDefault(source)).ToArray());
        command.Parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = time.GetUtcNow() });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return (reader.GetInt32(0), reader.GetInt32(1));
    }

    private async Task CountAlertsAsync(
        NpgsqlConnection connection, IReadOnlyDictionary<(string File, string Rule), int> alerts, CancellationToken cancellationToken)
    {
        if (alerts.Count == 0)
        {
            return;
        }

        await using var command = new NpgsqlCommand("""
            INSERT INTO detection_day AS d (rule, file, day, alerts) SELECT rule, file, $3, alerts FROM unnest($1::text[], $2::bigint[], $4::text[]) AS a (rule, alerts, file)
            ON CONFLICT (rule, day) DO UPDATE SET alerts = d.alerts + excluded.alerts, file = excluded.file
            """, connection);
        command.Parameters.AddWithValue(alerts.Keys.Select(one => one.Rule).ToArray());
        command.Parameters.AddWithValue(alerts.Values.Select(count => (long)count).ToArray());
        command.Parameters.AddWithValue(DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime));
        command.Parameters.AddWithValue(alerts.Keys.Select(one => one.File).ToArray());
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task SaveSnapshotAsync(NpgsqlConnection connection, ReaderSnapshot snapshot, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("""
            WITH read AS (DELETE FROM detection_batch), known AS (UPDATE detection_checkpoint SET snapshot_position = position WHERE snapshot_position <> position)
            UPDATE detection_reader SET snapshot = $1, snapshot_rules = $2
            """, connection);
        command.Parameters.AddWithValue(snapshot.Bytes);
        command.Parameters.AddWithValue(snapshot.Rules.ToArray());
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task AddRangesAsync(NpgsqlConnection connection, IReadOnlyList<FollowedRange> ranges, CancellationToken cancellationToken)
    {
        if (ranges.Count == 0)
        {
            return;
        }

        await using var command = new NpgsqlCommand("""
            INSERT INTO detection_batch (source_id, first_position, last_position)
            SELECT source_id, first, last FROM unnest($1::int[], $2::bigint[], $3::bigint[]) WITH ORDINALITY AS r (source_id, first, last, place) ORDER BY place
            """, connection);
        command.Parameters.AddWithValue(ranges.Select(range => range.SourceId).ToArray());
        command.Parameters.AddWithValue(ranges.Select(range => range.First).ToArray());
        command.Parameters.AddWithValue(ranges.Select(range => range.Last).ToArray());
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
