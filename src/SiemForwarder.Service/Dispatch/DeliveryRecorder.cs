using System.Globalization;
using Npgsql;
using NpgsqlTypes;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Dispatch;

/// <summary>Writes down what became of batches: checkpoint, delivery, set-aside events and status in one statement each.</summary>
/// <param name="engine">Name of this engine.</param>
/// <param name="fence">Number of its lease on the integration: a checkpoint moves for no other.</param>
internal sealed class DeliveryRecorder(NpgsqlDataSource database, DayPartitions partitions, TimeProvider time, string engine, long fence)
{
    private const string DeliveredSql = """
        WITH held AS (
            SELECT 1 FROM lease WHERE kind = 'integration' AND resource_id = $1 AND engine = $12 AND fence = $20 FOR SHARE
        ), moved AS (
            INSERT INTO integration_checkpoint AS c (integration_id, source_id, position) SELECT $1, $2, $4 FROM held WHERE EXISTS (SELECT 1 FROM integration WHERE id = $1)
            ON CONFLICT (integration_id, source_id) DO UPDATE SET position = $4 WHERE c.position = $3
            RETURNING 1
        ), delivered AS (
            INSERT INTO delivery (integration_id, source_id, first_position, last_position, event_count, byte_count, sha256, attempts, answer, filtered, delivered_at)
            SELECT $1, $2, $3 + 1, $4, $5, $6, $7, $8, $9, $10, $11 FROM moved WHERE $5 > 0
        ), status AS (
            INSERT INTO integration_status AS s (integration_id, status, since, last_attempt_at, last_success_at, engine)
            SELECT $1, 'Success', $11, $11, $11, $12 FROM moved WHERE $5 > 0
            ON CONFLICT (integration_id) DO UPDATE SET status = 'Success', since = CASE WHEN s.status = 'Success' THEN s.since ELSE $11 END,
                last_attempt_at = $11, last_success_at = $11, next_attempt_at = NULL, engine = $12
        ), refused AS (
            INSERT INTO set_aside (integration_id, source_id, position, event_id, event_type, occurred_at, bytes, reason, answer, set_aside_at)
            SELECT $1, $2, r.position, r.event_id, r.event_type, r.occurred_at, r.bytes, r.reason, r.answer, $11
            FROM moved, unnest($13::bigint[], $14::text[], $15::text[], $16::timestamptz[], $17::bytea[], $18::text[], $19::text[])
                AS r (position, event_id, event_type, occurred_at, bytes, reason, answer)
            ON CONFLICT (integration_id, source_id, position) DO NOTHING
        )
        SELECT count(*) FROM moved
        """;

    /// <summary>The positions up to which everything was delivered, by source.</summary>
    public async Task<Dictionary<int, long>> LoadCheckpointsAsync(int integrationId, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("SELECT source_id, position FROM integration_checkpoint WHERE integration_id = $1");
        command.Parameters.AddWithValue(integrationId);
        var checkpoints = new Dictionary<int, long>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            checkpoints[reader.GetInt32(0)] = reader.GetInt64(1);
        }

        return checkpoints;
    }

    /// <summary>Records an accepted batch and moves the checkpoint; false, and nothing recorded, where somebody else moved it or the integration is gone.</summary>
    public async Task<bool> RecordAsync(int integrationId, DeliveryRecord record, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await partitions.EnsureAsync(now, cancellationToken);
        await using var command = database.CreateCommand(DeliveredSql);
        var parameters = command.Parameters;
        parameters.Add(new NpgsqlParameter<int> { TypedValue = integrationId });
        parameters.Add(new NpgsqlParameter<int> { TypedValue = record.SourceId });
        parameters.Add(new NpgsqlParameter<long> { TypedValue = record.AfterPosition });
        parameters.Add(new NpgsqlParameter<long> { TypedValue = record.LastPosition });
        parameters.Add(new NpgsqlParameter<int> { TypedValue = record.EventCount });
        parameters.Add(new NpgsqlParameter<long> { TypedValue = record.ByteCount });
        parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = record.Hash });
        parameters.Add(new NpgsqlParameter<int> { TypedValue = record.Attempts });
        parameters.Add(new NpgsqlParameter<string> { TypedValue = StoredText.Of(record.Answer) });
        parameters.Add(new NpgsqlParameter { Value = (object?)record.Filtered ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.BigIntMultirange });
        parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = now });
        parameters.Add(new NpgsqlParameter<string> { TypedValue = engine });
        parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. record.SetAside.Select(one => one.Event.Position)] });
        parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. record.SetAside.Select(one => StoredText.Of(one.Event.Id))] });
        parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. record.SetAside.Select(one => StoredText.Of(one.Event.Type))] });
        parameters.Add(new NpgsqlParameter<DateTimeOffset[]> { TypedValue = [.. record.SetAside.Select(one => one.Event.OccurredAt)] });
        parameters.Add(new NpgsqlParameter<byte[][]> { TypedValue = [.. record.SetAside.Select(one => one.Bytes)] });
        parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. record.SetAside.Select(one => StoredText.Of(one.Reason))] });
        parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. record.SetAside.Select(one => StoredText.Of(one.Answer))] });
        parameters.Add(new NpgsqlParameter<long> { TypedValue = fence });
        return Convert.ToInt64(await command.ExecuteScalarAsync(cancellationToken), CultureInfo.InvariantCulture) == 1;
    }

    /// <summary>Shows a failed round in the status: Error, why, and when the next one starts.</summary>
    public async Task RecordErrorAsync(int integrationId, DeliveryError error, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("""
            INSERT INTO integration_status AS s (integration_id, status, since, last_attempt_at, error_category, error_message, error_at, next_attempt_at, engine)
            SELECT $1, 'Error', $2, $2, $3, $4, $2, $5, $6 WHERE EXISTS (SELECT 1 FROM integration WHERE id = $1)
            ON CONFLICT (integration_id) DO UPDATE SET status = 'Error', since = CASE WHEN s.status = 'Error' THEN s.since ELSE $2 END,
                last_attempt_at = $2, error_category = $3, error_message = $4, error_at = $2, next_attempt_at = $5, engine = $6
            """);
        AddError(command, integrationId, error);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Notes a failed attempt that is going to be retried; the headline stays as it is.</summary>
    public async Task RecordAttemptAsync(int integrationId, DeliveryError error, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("""
            UPDATE integration_status SET last_attempt_at = $2, error_category = $3, error_message = $4, error_at = $2, next_attempt_at = $5, engine = $6
            WHERE integration_id = $1
            """);
        AddError(command, integrationId, error);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Writes down that positions could not be sent because they were gone.</summary>
    public async Task RecordGapAsync(int integrationId, int sourceId, long first, long last, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("""
            INSERT INTO gap (source_id, integration_id, first_position, last_position, reason, noted_at)
            SELECT $1, $2, $3, $4, 'Retention dropped these events before the integration had them.', $5
            WHERE NOT EXISTS (SELECT 1 FROM gap WHERE source_id = $1 AND integration_id = $2 AND first_position = $3)
            """);
        command.Parameters.AddWithValue(sourceId);
        command.Parameters.AddWithValue(integrationId);
        command.Parameters.AddWithValue(first);
        command.Parameters.AddWithValue(last);
        command.Parameters.AddWithValue(time.GetUtcNow());
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private void AddError(NpgsqlCommand command, int integrationId, DeliveryError error)
    {
        command.Parameters.AddWithValue(integrationId);
        command.Parameters.AddWithValue(time.GetUtcNow());
        command.Parameters.AddWithValue(error.Category.ToString());
        command.Parameters.AddWithValue(StoredText.Of(error.Message));
        command.Parameters.AddWithValue(error.NextAttemptAt);
        command.Parameters.AddWithValue(engine);
    }
}
