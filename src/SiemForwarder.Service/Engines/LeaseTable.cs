using Npgsql;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Engines;

/// <summary>The leases of all engines.</summary>
internal interface ILeaseTable
{
    /// <summary>Reports this engine as alive and renews all its leases; returns those it still owns.</summary>
    Task<IReadOnlyList<Lease>> RenewAsync(DateTimeOffset startedAt, CancellationToken cancellationToken);

    /// <summary>The work that this engine may do, and its owners.</summary>
    Task<IReadOnlyList<Work>> ListWorkAsync(CancellationToken cancellationToken);

    /// <summary>Takes leases that are not or no longer held; those that another engine took first are missing from the result.</summary>
    Task<IReadOnlyList<Lease>> AcquireAsync(IReadOnlyList<Work> free, CancellationToken cancellationToken);

    /// <summary>Releases leases, so that another engine need not wait for them to expire.</summary>
    Task ReleaseAsync(IReadOnlyList<Lease> leases, CancellationToken cancellationToken);

    /// <summary>Reports that this engine has stopped, so that the others share its work at once.</summary>
    Task SignOffAsync(CancellationToken cancellationToken);
}

/// <summary>The leases in the database; all times use the database's clock, so engine clocks need not agree.</summary>
internal sealed class LeaseTable(NpgsqlDataSource database, EngineOptions options, IEnumerable<LeasedWork>? later = null) : ILeaseTable
{
    /// <summary>The leases, for SQL in other folders.</summary>
    public const string Leases = "(SELECT kind, resource_id, engine, fence FROM lease)";

    /// <summary>The engines, for SQL in other folders.</summary>
    public const string Engines = "(SELECT name, roles, pools, last_seen_at, reads_codec FROM engine)";

    // The newest codec of segments that this version can read; none is written before every engine can.
    private const short ReadsCodec = 2;

    private static readonly string EngineVersion = typeof(LeaseTable).Assembly.GetName().Version?.ToString(3) ?? "0";

    public async Task<IReadOnlyList<Lease>> RenewAsync(DateTimeOffset startedAt, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("""
            WITH alive AS (
                INSERT INTO engine (name, version, roles, pools, started_at, last_seen_at, reads_codec) VALUES ($1, $2, $3, $4, $5, now(), $7)
                ON CONFLICT (name) DO UPDATE SET version = $2, roles = $3, pools = $4, started_at = $5, last_seen_at = now(), reads_codec = $7
            )
            UPDATE lease SET expires_at = now() + $6 WHERE engine = $1 RETURNING kind, resource_id, fence
            """);
        command.Parameters.AddWithValue(options.Name);
        command.Parameters.AddWithValue(EngineVersion);
        command.Parameters.AddWithValue(options.EffectiveRoles);
        command.Parameters.AddWithValue(options.EffectivePools);
        command.Parameters.AddWithValue(startedAt);
        command.Parameters.AddWithValue(options.LeaseDuration);
        command.Parameters.AddWithValue(ReadsCodec);
        return await ReadAsync(command, cancellationToken);
    }

    public async Task<IReadOnlyList<Work>> ListWorkAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"""
            WITH alive AS (SELECT name, roles, pools FROM engine WHERE last_seen_at > now() - $2),
            declined AS (SELECT kind, resource_id, engine, version FROM lease_decline WHERE until > now())
            SELECT w.kind, w.id, w.pool, l.engine, l.fence IS NULL OR l.expires_at < now(),
                (SELECT count(*) FROM alive WHERE w.role = ANY (roles) AND (w.pool IS NULL OR w.pool = ANY (pools))
                    AND (w.kind, w.id, name, w.version) NOT IN (SELECT kind, resource_id, engine, version FROM declined))
            FROM (
                SELECT 'source' AS kind, id, NULL AS pool, 'poll' AS role, 0 AS version FROM {ConfigurationTables.Sources} s WHERE enabled AND kind = 'keycloak'
                UNION ALL SELECT 'integration', id, engine_pool, 'dispatch', version FROM {ConfigurationTables.Integrations} i WHERE enabled AND paused_at IS NULL
                {string.Concat((later ?? []).Select(LaterSql))}
            ) w LEFT JOIN lease l ON l.kind = w.kind AND l.resource_id = w.id
            WHERE w.role = ANY ($3) AND (w.pool IS NULL OR w.pool = ANY ($1))
                AND (w.kind, w.id, $4, w.version) NOT IN (SELECT kind, resource_id, engine, version FROM declined)
            ORDER BY w.kind, w.id
            """);
        command.Parameters.AddWithValue(options.EffectivePools);
        command.Parameters.AddWithValue(options.LeaseDuration);
        command.Parameters.AddWithValue(options.EffectiveRoles);
        command.Parameters.AddWithValue(options.Name);
        var work = new List<Work>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            work.Add(new Work(
                KindOf(reader.GetString(0), reader.GetInt32(1)), reader.GetInt32(1), reader.IsDBNull(2) ? null : reader.GetString(2),
                !reader.IsDBNull(3) && reader.GetString(3) == options.Name, reader.GetBoolean(4), Math.Max(1, (int)reader.GetInt64(5))));
        }

        return work;
    }

    public async Task<IReadOnlyList<Lease>> AcquireAsync(IReadOnlyList<Work> free, CancellationToken cancellationToken)
    {
        if (free.Count == 0)
        {
            return [];
        }

        await using var command = database.CreateCommand("""
            INSERT INTO lease AS l (kind, resource_id, engine, fence, expires_at)
            SELECT f.kind, f.id, $3, 1, now() + $4 FROM unnest($1::text[], $2::int[]) AS f (kind, id) ORDER BY f.kind, f.id
            ON CONFLICT (kind, resource_id) DO UPDATE SET engine = $3, fence = l.fence + 1, expires_at = now() + $4 WHERE l.expires_at < now()
            RETURNING kind, resource_id, fence
            """);
        command.Parameters.AddWithValue(free.Select(work => NameOf(work.Kind)).ToArray());
        command.Parameters.AddWithValue(free.Select(work => work.ResourceId).ToArray());
        command.Parameters.AddWithValue(options.Name);
        command.Parameters.AddWithValue(options.LeaseDuration);
        return await ReadAsync(command, cancellationToken);
    }

    public async Task ReleaseAsync(IReadOnlyList<Lease> leases, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("""
            UPDATE lease l SET expires_at = '-infinity', engine = '' FROM unnest($1::text[], $2::int[], $3::bigint[]) AS given (kind, resource_id, fence)
            WHERE l.kind = given.kind AND l.resource_id = given.resource_id AND l.fence = given.fence
            """);
        command.Parameters.AddWithValue(leases.Select(lease => NameOf(lease.Kind)).ToArray());
        command.Parameters.AddWithValue(leases.Select(lease => lease.ResourceId).ToArray());
        command.Parameters.AddWithValue(leases.Select(lease => lease.Fence).ToArray());
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task SignOffAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            "WITH gone AS (DELETE FROM engine WHERE name = $1) UPDATE lease SET expires_at = '-infinity', engine = '' WHERE engine = $1");
        command.Parameters.AddWithValue(options.Name);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public static string NameOf(LeaseKind kind) => kind == LeaseKind.Integration ? "integration" : "source";

    // The source that fills itself has a negative id.
    private static LeaseKind KindOf(string name, int id) =>
        name != "source" ? LeaseKind.Integration : id < 0 ? LeaseKind.Detections : LeaseKind.Source;

    private static string LaterSql(LeasedWork work) => $" UNION ALL SELECT '{NameOf(work.Kind)}', id, NULL, '{work.Role}', 0 FROM {work.Rows} later";

    private static async Task<IReadOnlyList<Lease>> ReadAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        var leases = new List<Lease>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            leases.Add(new Lease(KindOf(reader.GetString(0), reader.GetInt32(1)), reader.GetInt32(1), reader.GetInt64(2)));
        }

        return leases;
    }
}

/// <summary>One piece of work in the lease table.</summary>
/// <param name="Pool">Pool of an integration; null for a source.</param>
/// <param name="Mine">Whether this engine holds it.</param>
/// <param name="Free">Whether no engine holds it.</param>
/// <param name="Engines">Number of live engines that may do it and have not declined it; at least 1.</param>
internal sealed record Work(LeaseKind Kind, int ResourceId, string? Pool, bool Mine, bool Free, int Engines);
