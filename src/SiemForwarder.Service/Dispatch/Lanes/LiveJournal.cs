using Npgsql;
using SiemForwarder.Service.Dispatch.Delivery;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Integrations;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Dispatch.Lanes;

/// <summary>Where the live lane of an integration records the outcome of its batches, and reads where it stopped.</summary>
internal interface ILiveJournal : IDeliveryJournal
{
    /// <summary>The positions up to which everything was delivered, by source.</summary>
    Task<Dictionary<int, long>> LoadCheckpointsAsync(CancellationToken cancellationToken);
}

/// <summary>Records the outcome of batches: checkpoint, delivery, set-aside events and status, in one statement per batch.</summary>
/// <param name="engine">Name of this engine.</param>
/// <param name="fence">Number of its lease on the integration: a checkpoint moves only for the holder.</param>
/// <param name="integrationId">The integration.</param>
internal sealed class LiveJournal(
    NpgsqlDataSource database, DayPartitions partitions, TimeProvider time, string engine, long fence, int integrationId) : ILiveJournal
{
    public async Task<Dictionary<int, long>> LoadCheckpointsAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"SELECT source_id, position FROM {LogTables.Checkpoints} c WHERE integration_id = $1");
        command.Parameters.AddWithValue(integrationId);
        var checkpoints = new Dictionary<int, long>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            checkpoints[reader.GetInt32(0)] = reader.GetInt64(1);
        }

        return checkpoints;
    }

    /// <summary>Records an accepted batch and moves the checkpoint; false, with nothing recorded, if another engine moved it, or the
    /// integration or the source was deleted.</summary>
    public async Task<bool> RecordAsync(DeliveryRecord record, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await partitions.EnsureAsync(now, cancellationToken);
        await using var command = DeliveryStatement.Create(
            database, LogTables.MoveCheckpoint, IntegrationStatusTable.ShowOutcome, integrationId, record, now, engine, fence, null);
        try
        {
            return await DeliveryStatement.ExecuteAsync(command, cancellationToken);
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.ForeignKeyViolation)
        {
            // The source or the integration was deleted at this moment.
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
        await using var command = database.CreateCommand(IntegrationStatusTable.ShowError);
        AddError(command, error);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Records a failed attempt that will be retried; the headline does not change.</summary>
    public async Task RecordAttemptAsync(DeliveryError error, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(IntegrationStatusTable.NoteAttempt);
        AddError(command, error);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task<bool> RecordGapAsync(int sourceId, PositionRange gap, long incarnation, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(LogTables.NoteGap);
        command.Parameters.AddWithValue(sourceId);
        command.Parameters.AddWithValue(integrationId);
        command.Parameters.AddWithValue(gap.First);
        command.Parameters.AddWithValue(gap.Last);
        command.Parameters.AddWithValue("Retention dropped these events before the integration received them.");
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
