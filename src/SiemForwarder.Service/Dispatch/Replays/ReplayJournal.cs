using Npgsql;
using SiemForwarder.Service.Dispatch.Delivery;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Dispatch.Replays;

/// <summary>Records the outcome of the batches of a replay; the status of the integration remains that of its live traffic.</summary>
internal sealed class ReplayJournal(NpgsqlDataSource database, DayPartitions partitions, TimeProvider time, string engine, long fence, Replay replay)
    : IDeliveryJournal
{
    private const string Moved = """
        UPDATE replay_range r SET position = $4 FROM held WHERE r.replay_id = $21 AND r.source_id = $2 AND r.position = $3 RETURNING 1
        """;

    private const string Counted = """
        UPDATE replay SET delivered = delivered + $5, byte_count = byte_count + $6, error = NULL, next_attempt_at = NULL FROM moved WHERE id = $21
        """;

    public async Task<bool> RecordAsync(DeliveryRecord record, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await partitions.EnsureAsync(now, cancellationToken);
        await using var command = DeliveryStatement.Create(database, Moved, Counted, replay.IntegrationId, record, now, engine, fence, replay.Id);
        try
        {
            return await DeliveryStatement.ExecuteAsync(command, cancellationToken);
        }
        catch (PostgresException exception)
        {
            partitions.Suspect(exception);
            throw;
        }
    }

    public async Task RecordErrorAsync(DeliveryError error, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("UPDATE replay SET error = $2, error_at = $3, next_attempt_at = $4 WHERE id = $1");
        command.Parameters.AddWithValue(replay.Id);
        command.Parameters.AddWithValue(StoredText.Of(error.Message));
        command.Parameters.AddWithValue(time.GetUtcNow());
        command.Parameters.AddWithValue(error.NextAttemptAt);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public Task RecordAttemptAsync(DeliveryError error, CancellationToken cancellationToken) => RecordErrorAsync(error, cancellationToken);

    public async Task<bool> RecordGapAsync(int sourceId, PositionRange gap, long incarnation, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            $"UPDATE replay SET missing = missing + $2 WHERE id = $1 AND EXISTS (SELECT 1 FROM {LogTables.Heads} h WHERE source_id = $3 AND incarnation = $4)");
        command.Parameters.AddWithValue(replay.Id);
        command.Parameters.AddWithValue(gap.Last - gap.First + 1);
        command.Parameters.AddWithValue(sourceId);
        command.Parameters.AddWithValue(incarnation);
        return await command.ExecuteNonQueryAsync(cancellationToken) > 0;
    }
}
