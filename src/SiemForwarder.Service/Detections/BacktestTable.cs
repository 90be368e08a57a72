using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using SiemForwarder.Service.Access;

namespace SiemForwarder.Service.Detections;

/// <summary>A backtest that is to run.</summary>
internal sealed record BacktestOrder(Guid Id, string File, DateTimeOffset From, DateTimeOffset To, int MaxEvents);

/// <summary>The backtests that run by themselves, in the database, so that every engine shows them; a deleted one is no longer wanted and ends.</summary>
internal sealed class BacktestTable(NpgsqlDataSource database, TimeProvider time)
{
    /// <summary>How long a running backtest may be silent before another engine takes it for ended.</summary>
    public static readonly TimeSpan MaxSilence = TimeSpan.FromMinutes(2);

    private const int MaxKept = 50;
    private const int MaxOpen = 8;

    private const string Select =
        "SELECT id, file, state, range_from, range_to, followed, total, created_at, touched_at, result::text, problem, ordered_by FROM detection_backtest";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    /// <summary>Stores an order, and forgets the oldest of too many; null if too many are waiting or running.</summary>
    public async Task<Guid?> OrderAsync(string file, BacktestRange range, Caller caller, CancellationToken cancellationToken)
    {
        var id = Guid.NewGuid();
        await using var command = database.CreateCommand($"""
            WITH gone AS (
                DELETE FROM detection_backtest WHERE state <> 'waiting' AND (state <> 'running' OR touched_at < $7) AND id IN (SELECT id FROM detection_backtest ORDER BY created_at DESC OFFSET {MaxKept - 1})
            )
            INSERT INTO detection_backtest (id, file, range_from, range_to, max_events, state, created_at, touched_at, ordered_as, ordered_by)
            SELECT $1, $2, $3, $4, $5, 'waiting', $6, $6, $8, $9
            WHERE (SELECT count(*) FROM detection_backtest WHERE state = 'waiting' OR (state = 'running' AND touched_at > $7)) < {MaxOpen}
            """);
        command.Parameters.AddWithValue(id);
        command.Parameters.AddWithValue(file);
        command.Parameters.AddWithValue(range.From.ToUniversalTime());
        command.Parameters.AddWithValue(range.To.ToUniversalTime());
        command.Parameters.AddWithValue(range.MaxEvents);
        command.Parameters.AddWithValue(time.GetUtcNow());
        command.Parameters.AddWithValue(time.GetUtcNow() - MaxSilence);
        command.Parameters.AddWithValue(caller.Credential);
        command.Parameters.AddWithValue(caller.Name);
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1 ? id : null;
    }

    /// <summary>Takes the oldest order that nobody has taken; null if there is none.</summary>
    public async Task<BacktestOrder?> TakeAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("""
            UPDATE detection_backtest SET state = 'running', touched_at = $1
            WHERE id = (SELECT id FROM detection_backtest WHERE state = 'waiting' ORDER BY created_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
            RETURNING id, file, range_from, range_to, max_events
            """);
        command.Parameters.AddWithValue(time.GetUtcNow());
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new BacktestOrder(
                reader.GetGuid(0), reader.GetString(1), reader.GetFieldValue<DateTimeOffset>(2), reader.GetFieldValue<DateTimeOffset>(3), reader.GetInt32(4))
            : null;
    }

    /// <summary>Says how far a backtest is; false if it was deleted.</summary>
    public async Task<bool> TouchAsync(Guid id, long followed, long total, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            "UPDATE detection_backtest SET followed = $2, total = $3, touched_at = $4 WHERE id = $1 AND state = 'running'");
        command.Parameters.AddWithValue(id);
        command.Parameters.AddWithValue(followed);
        command.Parameters.AddWithValue(total);
        command.Parameters.AddWithValue(time.GetUtcNow());
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    /// <summary>Ends a backtest with what it found, or why it found nothing.</summary>
    public async Task EndAsync(Guid id, BacktestResponse? result, string? problem, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("""
            UPDATE detection_backtest SET state = $2, result = $3, problem = $4, touched_at = $5, followed = coalesce($6, followed) WHERE id = $1
            """);
        command.Parameters.AddWithValue(id);
        command.Parameters.AddWithValue(result is null ? "failed" : "done");
        command.Parameters.Add(new() { Value = result is null ? DBNull.Value : JsonSerializer.Serialize(result, Json), NpgsqlDbType = NpgsqlDbType.Jsonb });
        command.Parameters.Add(new() { Value = (object?)problem ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        command.Parameters.AddWithValue(time.GetUtcNow());
        command.Parameters.Add(new() { Value = (object?)result?.Events ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Bigint });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>The backtests of a file, the newest first.</summary>
    public async Task<IReadOnlyList<BacktestRunResponse>> ListAsync(string file, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"{Select} WHERE file = $1 ORDER BY created_at DESC, id");
        command.Parameters.AddWithValue(file);
        return await ReadAsync(command, cancellationToken);
    }

    public async Task<BacktestRunResponse?> FindAsync(string file, Guid id, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"{Select} WHERE file = $1 AND id = $2");
        command.Parameters.AddWithValue(file);
        command.Parameters.AddWithValue(id);
        return (await ReadAsync(command, cancellationToken)).SingleOrDefault();
    }

    /// <summary>Deletes a backtest, which ends one that runs; false if there is none that the caller may delete.</summary>
    /// <remarks>A caller may delete its own, and any if it may change rules.</remarks>
    public async Task<bool> DeleteAsync(string file, Guid id, Caller caller, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("DELETE FROM detection_backtest WHERE file = $1 AND id = $2 AND ($3 OR ordered_as = $4)");
        command.Parameters.AddWithValue(file);
        command.Parameters.AddWithValue(id);
        command.Parameters.AddWithValue(caller.May(Permission.Configure));
        command.Parameters.AddWithValue(caller.Credential);
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    private async Task<IReadOnlyList<BacktestRunResponse>> ReadAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        var runs = new List<BacktestRunResponse>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var touchedAt = reader.GetFieldValue<DateTimeOffset>(8);
            var state = reader.GetString(2) switch
            {
                "done" => "Done",
                "failed" => "Failed",
                "waiting" => "Waiting",
                _ => time.GetUtcNow() - touchedAt > MaxSilence ? "Interrupted" : "Running",
            };
            runs.Add(new BacktestRunResponse(
                reader.GetGuid(0), reader.GetString(1), state, reader.GetFieldValue<DateTimeOffset>(3), reader.GetFieldValue<DateTimeOffset>(4),
                reader.GetInt64(5), reader.GetInt64(6), reader.GetFieldValue<DateTimeOffset>(7), touchedAt,
                reader.IsDBNull(9) ? null : JsonSerializer.Deserialize<BacktestResponse>(reader.GetString(9), Json),
                reader.IsDBNull(10) ? null : reader.GetString(10), reader.IsDBNull(11) ? null : reader.GetString(11)));
        }

        return runs;
    }
}
