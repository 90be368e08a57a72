using Npgsql;

namespace SiemForwarder.Service.Engines;

/// <summary>Reads which engines are alive and what they do.</summary>
internal sealed class EngineReader(NpgsqlDataSource database, EngineOptions options)
{
    /// <summary>The engines that reported in the last day, live ones first.</summary>
    public async Task<IReadOnlyList<EngineResponse>> ListAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("""
            SELECT e.name, e.last_seen_at > now() - $1 AS alive, e.version, e.roles, e.pools,
                ARRAY(SELECT resource_id FROM lease WHERE engine = e.name AND kind = 'source' AND resource_id > 0 AND expires_at > now() ORDER BY 1),
                ARRAY(SELECT resource_id FROM lease WHERE engine = e.name AND kind = 'integration' AND expires_at > now() ORDER BY 1),
                e.started_at, e.last_seen_at
            FROM engine e WHERE e.last_seen_at > now() - interval '1 day' ORDER BY alive DESC, e.name
            """);
        command.Parameters.AddWithValue(options.LeaseDuration);
        var engines = new List<EngineResponse>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            engines.Add(new EngineResponse(
                reader.GetString(0), reader.GetBoolean(1), reader.GetString(2), reader.GetFieldValue<string[]>(3), reader.GetFieldValue<string[]>(4),
                reader.GetFieldValue<int[]>(5), reader.GetFieldValue<int[]>(6), reader.GetFieldValue<DateTimeOffset>(7),
                reader.GetFieldValue<DateTimeOffset>(8)));
        }

        return engines;
    }

    /// <summary>Whether any live engine dispatches for a pool.</summary>
    public async Task<bool> HasLivingEngineAsync(string pool, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            "SELECT EXISTS (SELECT 1 FROM engine WHERE last_seen_at > now() - $1 AND $2 = ANY (pools) AND 'dispatch' = ANY (roles))");
        command.Parameters.AddWithValue(options.LeaseDuration);
        command.Parameters.AddWithValue(pool);
        return await command.ExecuteScalarAsync(cancellationToken) is true;
    }
}
