using Npgsql;
using SiemForwarder.Service.Dispatch.Delivery;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Dispatch.Lanes;

/// <summary>Where the live lane of an integration writes down what became of its batches, and reads where it stopped.</summary>
internal interface ILiveJournal : IDeliveryJournal
{
    /// <summary>The positions up to which everything was delivered, by source.</summary>
    Task<Dictionary<int, long>> LoadCheckpointsAsync(CancellationToken cancellationToken);
}

/// <summary>Writes down what became of batches: checkpoint, delivery, set-aside events and status in one statement each.</summary>
/// <param name="engine">Name of this engine.</param>
/// <param name="fence">Number of its lease on the integration: a checkpoint moves for no other.</param>
/// <param name="integrationId">The integration.</param>
internal sealed class LiveJournal(
    NpgsqlDataSource database, DayPartitions partitions, TimeProvider time, string engine, long fence, int integrationId) : ILiveJournal
{
    private const string Moved = """
        INSERT INTO integration_checkpoint AS c (integration_id, source_id, position) SELECT $1, $2, $4 FROM held
            WHERE EXISTS (SELECT 1 FROM integration WHERE id = $1) AND EXISTS (SELECT 1 FROM source WHERE id = $2)
        ON CONFLICT (integration_id, source_id) DO UPDATE SET position = $4 WHERE c.position = $3
        RETURNING 1
        """;

    private const string Shown = """
        INSERT INTO integration_status AS s (integration_id, status, since, last_attempt_at, last_success_at, engine)
        SELECT $1, 'Success', $11, $11, $11, $12 FROM moved WHERE $5 > 0
        ON CONFLICT (integration_id) DO UPDATE SET status = 'Success', since = CASE WHEN s.status = 'Success' THEN s.since ELSE $11 END,
            last_attempt_at = $11, last_success_at = $11, next_attempt_at = NULL, engine = $12
        """;

    public async Task<Dictionary<int, long>> LoadCheckpointsAsync(CancellationToken cancellationToken)
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

    /// <summary>Records an accepted batch and moves the checkpoint; false, and nothing recorded, where somebody else moved it, or the
    /// integration or the source is gone.</summary>
    public async Task<bool> RecordAsync(DeliveryRecord record, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await partitions.EnsureAsync(now, cancellationToken);
        await using var command = DeliveryStatement.Create(database, Moved, Shown, integrationId, record, now, engine, fence, null);
        try
        {
            return await DeliveryStatement.ExecuteAsync(command, cancellationToken);
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.ForeignKeyViolation)
        {
            // The source or the integration was deleted in this very moment.
            return false;
        }
        catch (PostgresException exception)
        {
            partitions.Suspect(exception);
            throw;
        }
    }

    /// <summary>Shows a failed round in the status: Error, why, and when the next one starts.</summary>
    public async Task RecordErrorAsync(DeliveryError error, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("""
            INSERT INTO integration_status AS s (integration_id, status, since, last_attempt_at, error_category, error_message, error_at, next_attempt_at, engine)
            SELECT $1, 'Error', $2, $2, $3, $4, $2, $5, $6 WHERE EXISTS (SELECT 1 FROM integration WHERE id = $1)
            ON CONFLICT (integration_id) DO UPDATE SET status = 'Error', since = CASE WHEN s.status = 'Error' THEN s.since ELSE $2 END,
                last_attempt_at = $2, error_category = $3, error_message = $4, error_at = $2, next_attempt_at = $5, engine = $6
            """);
        AddError(command, error);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Notes a failed attempt that is going to be retried; the headline stays as it is.</summary>
    public async Task RecordAttemptAsync(DeliveryError error, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("""
            UPDATE integration_status SET last_attempt_at = $2, error_category = $3, error_message = $4, error_at = $2, next_attempt_at = $5, engine = $6
            WHERE integration_id = $1
            """);
        AddError(command, error);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task<bool> RecordGapAsync(int sourceId, PositionRange gap, long incarnation, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("""
            INSERT INTO gap (source_id, integration_id, first_position, last_position, reason, noted_at)
            SELECT $1, $2, $3, $4, 'Retention dropped these events before the integration had them.', $5
            FROM log_head WHERE source_id = $1 AND incarnation = $6 AND next_position > $4
                AND NOT EXISTS (SELECT 1 FROM gap WHERE source_id = $1 AND integration_id = $2 AND first_position = $3)
            """);
        command.Parameters.AddWithValue(sourceId);
        command.Parameters.AddWithValue(integrationId);
        command.Parameters.AddWithValue(gap.First);
        command.Parameters.AddWithValue(gap.Last);
        command.Parameters.AddWithValue(time.GetUtcNow());
        command.Parameters.AddWithValue(incarnation);
        return await command.ExecuteNonQueryAsync(cancellationToken) > 0;
    }

    private void AddError(NpgsqlCommand command, DeliveryError error)
    {
        command.Parameters.AddWithValue(integrationId);
        command.Parameters.AddWithValue(time.GetUtcNow());
        command.Parameters.AddWithValue(error.Category.ToString());
        command.Parameters.AddWithValue(StoredText.Of(error.Message));
        command.Parameters.AddWithValue(error.NextAttemptAt);
        command.Parameters.AddWithValue(engine);
    }
}
