using Npgsql;
using SiemForwarder.Service.Dispatch.Delivery;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Integrations;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Dispatch.Replays;

/// <summary>Replays as used by the replay lane.</summary>
internal interface IReplayTable
{
    /// <summary>A replay of an integration; null if it does not exist.</summary>
    Task<Replay?> FindAsync(int integrationId, long id, CancellationToken cancellationToken);

    /// <summary>The oldest running replay of an integration; null if there is none.</summary>
    Task<Replay?> FindRunningAsync(int integrationId, CancellationToken cancellationToken);

    /// <summary>Records when a lane started it.</summary>
    Task<int> StartAsync(long id, CancellationToken cancellationToken);

    /// <summary>Finishes a replay whose ranges are all done.</summary>
    Task<int> FinishAsync(long id, CancellationToken cancellationToken);
}

/// <summary>The replays in the database.</summary>
internal sealed class ReplayTable(NpgsqlDataSource database, ConfigurationSignal configuration, TimeProvider time) : IReplayTable, IBackfillOrders
{
    /// <summary>What running replays still have to read from the logs.</summary>
    public static readonly LogHold Hold = new(
        """
        (SELECT r.integration_id, x.source_id, x.position, x.last_position FROM replay r JOIN replay_range x ON x.replay_id = r.id WHERE r.state = 'running')
        """,
        """
        UPDATE replay_range r SET last_position = greatest(r.first_position - 1, m.next_position - 1),
            position = least(r.position, greatest(r.first_position - 1, m.next_position - 1))
        FROM moved m WHERE r.source_id = m.source_id AND r.last_position >= m.next_position
        """);

    private const int BackfillEventsPerSecond = 2000;

    private const string Columns = """
        r.id, r.integration_id, r.kind, r.state, r.definition::text, r.events_per_second, r.delivered, r.byte_count, r.missing, r.error, r.next_attempt_at,
        r.created_by, r.created_at, r.started_at, r.finished_at,
        ARRAY(SELECT source_id::bigint FROM replay_range x WHERE x.replay_id = r.id ORDER BY source_id),
        ARRAY(SELECT first_position FROM replay_range x WHERE x.replay_id = r.id ORDER BY source_id),
        ARRAY(SELECT last_position FROM replay_range x WHERE x.replay_id = r.id ORDER BY source_id),
        ARRAY(SELECT position FROM replay_range x WHERE x.replay_id = r.id ORDER BY source_id)
        """;

    private readonly WaitingIntegrations running = new(
        database, "SELECT DISTINCT integration_id FROM replay WHERE state = 'running'", TimeSpan.FromSeconds(10), configuration, time);

    /// <summary>Stores a new replay that starts at once; returns its id.</summary>
    public async Task<long> CreateAsync(
        int integrationId, string kind, ReplayDefinition definition, int eventsPerSecond, string by, IReadOnlyList<ReplayRange> ranges,
        CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("""
            WITH created AS (
                INSERT INTO replay (integration_id, kind, definition, events_per_second, created_by, created_at) VALUES ($1, $2, $3::jsonb, $4, $5, $6) RETURNING id
            ), ranges AS (
                INSERT INTO replay_range (replay_id, source_id, first_position, last_position, position)
                SELECT created.id, r.source_id, r.first, r.last, r.first - 1 FROM created, unnest($7::int[], $8::bigint[], $9::bigint[]) AS r (source_id, first, last)
            )
            SELECT id FROM created
            """);
        command.Parameters.AddWithValue(integrationId);
        command.Parameters.AddWithValue(kind);
        command.Parameters.AddWithValue(definition.ToJson());
        command.Parameters.AddWithValue(eventsPerSecond);
        command.Parameters.AddWithValue(StoredText.Of(by));
        command.Parameters.AddWithValue(time.GetUtcNow());
        command.Parameters.AddWithValue(ranges.Select(range => range.SourceId).ToArray());
        command.Parameters.AddWithValue(ranges.Select(range => range.FirstPosition).ToArray());
        command.Parameters.AddWithValue(ranges.Select(range => range.LastPosition).ToArray());
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    public async Task OrderAsync(
        NpgsqlConnection connection, int integrationId, DateTimeOffset? from, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            $"""
            WITH created AS (
                INSERT INTO replay (integration_id, kind, definition, events_per_second, created_by, created_at)
                VALUES ($1, 'backfill', jsonb_build_object('from', $2::timestamptz, 'to', NULL, 'filter', jsonb_build_object('include', NULL, 'exclude', NULL)), $3, 'start of the integration', $4)
                RETURNING id
            )
            INSERT INTO replay_range (replay_id, source_id, first_position, last_position, position)
            SELECT created.id, c.source_id, held.first, c.position, held.first - 1
            FROM created, {ConfigurationTables.Readings} i JOIN {LogTables.Checkpoints} c ON c.integration_id = i.integration_id AND c.source_id = i.source_id
            CROSS JOIN LATERAL (SELECT min(first_position) AS first FROM {LogTables.Segments} s
                WHERE source_id = c.source_id AND ($2::timestamptz IS NULL OR highest_at >= extract(epoch FROM $2::timestamptz) * 1000)) held
            WHERE i.integration_id = $1 AND held.first <= c.position
            """,
            connection);
        command.Parameters.AddWithValue(integrationId);
        command.Parameters.AddWithValue(NpgsqlTypes.NpgsqlDbType.TimestampTz, (object?)from ?? DBNull.Value);
        command.Parameters.AddWithValue(BackfillEventsPerSecond);
        command.Parameters.AddWithValue(now);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>The newest 1000 replays of an integration, newest first.</summary>
    public Task<IReadOnlyList<Replay>> ListAsync(int integrationId, CancellationToken cancellationToken) =>
        ReadAsync($"SELECT {Columns} FROM replay r WHERE r.integration_id = $1 ORDER BY r.id DESC LIMIT 1000", integrationId, cancellationToken);

    public async Task<Replay?> FindAsync(int integrationId, long id, CancellationToken cancellationToken) =>
        (await ReadAsync($"SELECT {Columns} FROM replay r WHERE r.integration_id = $1 AND r.id = {id}", integrationId, cancellationToken)).SingleOrDefault();

    public async Task<Replay?> FindRunningAsync(int integrationId, CancellationToken cancellationToken) =>
        !await running.ContainAsync(integrationId, cancellationToken) ? null : (await ReadAsync(
            $"SELECT {Columns} FROM replay r WHERE r.integration_id = $1 AND r.state = 'running' ORDER BY r.id LIMIT 1", integrationId, cancellationToken))
                .SingleOrDefault();

    /// <summary>Changes the state of a replay in the state <paramref name="from"/>; returns how many were changed.</summary>
    public async Task<int> MoveAsync(long id, string from, string to, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("""
            UPDATE replay SET state = $3, finished_at = CASE WHEN $3 = 'running' THEN NULL ELSE $4 END, started_at = CASE WHEN $3 = 'running' THEN NULL ELSE started_at END,
                next_attempt_at = NULL, error = CASE WHEN $3 = 'done' THEN NULL ELSE error END
            WHERE id = $1 AND state = $2
            """);
        command.Parameters.AddWithValue(id);
        command.Parameters.AddWithValue(from);
        command.Parameters.AddWithValue(to);
        command.Parameters.AddWithValue(time.GetUtcNow());
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task<int> FinishAsync(long id, CancellationToken cancellationToken) => await MoveAsync(id, Replay.Running, "done", cancellationToken);

    public async Task<int> StartAsync(long id, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("UPDATE replay SET started_at = coalesce(started_at, $2) WHERE id = $1");
        command.Parameters.AddWithValue(id);
        command.Parameters.AddWithValue(time.GetUtcNow());
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task<IReadOnlyList<Replay>> ReadAsync(string sql, int integrationId, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(sql);
        command.Parameters.AddWithValue(integrationId);
        var replays = new List<Replay>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            replays.Add(Read(reader));
        }

        return replays;
    }

    private static Replay Read(NpgsqlDataReader reader)
    {
        var (sources, firsts) = (reader.GetFieldValue<long[]>(15), reader.GetFieldValue<long[]>(16));
        var (lasts, positions) = (reader.GetFieldValue<long[]>(17), reader.GetFieldValue<long[]>(18));
        return new Replay(
            reader.GetInt64(0), reader.GetInt32(1), reader.GetString(2), reader.GetString(3), ReplayDefinition.FromJson(reader.GetString(4)),
            reader.GetInt32(5),
            reader.GetInt64(6), reader.GetInt64(7), reader.GetInt64(8), reader.IsDBNull(9) ? null : reader.GetString(9), Instant(reader, 10),
            reader.GetString(11),
            reader.GetFieldValue<DateTimeOffset>(12), Instant(reader, 13), Instant(reader, 14),
            [.. sources.Select((source, i) => new ReplayRange((int)source, firsts[i], lasts[i], positions[i]))]);
    }

    private static DateTimeOffset? Instant(NpgsqlDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : reader.GetFieldValue<DateTimeOffset>(column);
}
