using Npgsql;
using NpgsqlTypes;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.EventLog;

/// <summary>Records that the database's history was replaced: every log gets a new incarnation and a record of what survived.</summary>
internal static class LogBreak
{
    /// <summary>Records a break, unless another engine has done so since <paramref name="heads"/> was read.</summary>
    /// <param name="connection">Session.</param>
    /// <param name="holds">Other readers of the logs, which are also moved back.</param>
    /// <param name="origin">The current server.</param>
    /// <param name="known">The log heads that this process knew.</param>
    /// <param name="heads">The log heads in the database.</param>
    /// <param name="reason">What was detected, in a sentence.</param>
    /// <param name="cancellationToken">Cancels the attempt.</param>
    public static async Task RecordAsync(
        NpgsqlConnection connection, IEnumerable<LogHold> holds, LogOrigin origin, IReadOnlyDictionary<int, KnownHead> known,
        IReadOnlyDictionary<int, KnownHead> heads, string reason, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using (var take = new NpgsqlCommand("SELECT pg_advisory_xact_lock(hashtext('siemforwarder history'))", connection, transaction))
        {
            await take.ExecuteNonQueryAsync(cancellationToken);
        }

        await using (var bump = new NpgsqlCommand($"""
            WITH given AS (
                SELECT * FROM unnest($1::int[], $2::bigint[], $3::bigint[]) AS g (source_id, incarnation, known_next)
            ), moved AS (
                UPDATE log_head h SET incarnation = greatest(h.incarnation + 1, (extract(epoch FROM now()) * 1000)::bigint) FROM given g WHERE h.source_id = g.source_id AND h.incarnation = g.incarnation
                RETURNING h.source_id, h.incarnation, h.next_position, h.last_received_at, g.known_next
            ), beyond AS (
                UPDATE integration_checkpoint c SET position = m.next_position - 1 FROM moved m
                WHERE c.source_id = m.source_id AND c.position >= m.next_position RETURNING c.source_id, c.integration_id
            ), indexed AS (
                UPDATE index_checkpoint c SET position = m.next_position - 1 FROM moved m WHERE c.source_id = m.source_id AND c.position >= m.next_position
            ){string.Concat(holds.Select((hold, i) => $", hold_{i} AS ({hold.CutOff})"))}
            INSERT INTO log_break (source_id, incarnation, survived_next, survived_at, known_next, reason)
            SELECT m.source_id, m.incarnation, m.next_position, m.last_received_at, m.known_next, $4 || coalesce(
                ' These integrations had confirmed more than the log holds and go on from its end: '
                || (SELECT string_agg(i.name, ', ' ORDER BY i.name) FROM beyond b JOIN {ConfigurationTables.Integrations} i ON i.id = b.integration_id WHERE b.source_id = m.source_id)
                || '.', '')
            FROM moved m
            ON CONFLICT (source_id, incarnation) DO UPDATE SET known_next = greatest(log_break.known_next, excluded.known_next)
            """, connection, transaction))
        {
            bump.Parameters.AddWithValue(heads.Keys.ToArray());
            bump.Parameters.AddWithValue(heads.Values.Select(head => head.Incarnation).ToArray());
            bump.Parameters.AddWithValue(
                NpgsqlDbType.Array | NpgsqlDbType.Bigint,
                heads.Keys.Select(id => known.TryGetValue(id, out var before) ? before.NextPosition : (long?)null).ToArray());
            bump.Parameters.AddWithValue(reason);
            await bump.ExecuteNonQueryAsync(cancellationToken);
        }

        if (origin is { SystemIdentifier: { } system, Timeline: { } timeline })
        {
            await using var seen = new NpgsqlCommand(
                "UPDATE log_origin SET system_identifier = $1, timeline = $2, seen_at = now()", connection, transaction);
            seen.Parameters.AddWithValue(system);
            seen.Parameters.AddWithValue(timeline);
            await seen.ExecuteNonQueryAsync(cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Returns where the logs were cut off since the incarnations that this process knew, and records how far it knew them to reach.</summary>
    public static async Task<IReadOnlyDictionary<int, (long Next, long Incarnation)>> ReadSurvivedAsync(
        NpgsqlConnection connection, IReadOnlyDictionary<int, KnownHead> known, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("""
            WITH given AS (SELECT * FROM unnest($1::int[], $2::bigint[], $3::bigint[]) AS g (source_id, incarnation, known_next)),
            cut AS (
                SELECT DISTINCT ON (b.source_id) b.source_id, b.survived_next, b.incarnation, g.known_next
                FROM log_break b JOIN given g ON g.source_id = b.source_id AND b.incarnation > g.incarnation
                ORDER BY b.source_id, b.survived_next
            ), told AS (
                UPDATE log_break b SET known_next = greatest(b.known_next, c.known_next) FROM cut c
                WHERE b.source_id = c.source_id AND b.incarnation = c.incarnation AND coalesce(b.known_next, 0) < c.known_next
            )
            SELECT source_id, survived_next, incarnation FROM cut
            """, connection);
        command.Parameters.AddWithValue(known.Keys.ToArray());
        command.Parameters.AddWithValue(known.Values.Select(head => head.Incarnation).ToArray());
        command.Parameters.AddWithValue(known.Values.Select(head => head.NextPosition).ToArray());
        var survived = new Dictionary<int, (long, long)>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            survived[reader.GetInt32(0)] = (reader.GetInt64(1), reader.GetInt64(2));
        }

        return survived;
    }

    /// <summary>Records in a break how many of the lost events were stored again from memory.</summary>
    public static async Task AddRestoredAsync(NpgsqlDataSource database, LostTail tail, int events, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("UPDATE log_break SET restored = restored + $3 WHERE source_id = $1 AND incarnation = $2");
        command.Parameters.AddWithValue(tail.SourceId);
        command.Parameters.AddWithValue(tail.Incarnation);
        command.Parameters.AddWithValue((long)events);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
