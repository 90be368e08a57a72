using Npgsql;

namespace SiemForwarder.Service.Engines;

/// <summary>What this engine cannot do, so that it gives the lease up and another engine takes it.</summary>
/// <param name="database">The database.</param>
/// <param name="options">Names this engine.</param>
internal sealed class WorkDeclines(NpgsqlDataSource database, EngineOptions options)
{
    // Then it is tried again: this engine may be the only one, and has to say so.
    private static readonly TimeSpan For = TimeSpan.FromMinutes(5);

    /// <summary>Declines a resource in one version; a change of it makes it everybody's again.</summary>
    public async Task AddAsync(LeaseKind kind, int resourceId, int version, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("""
            WITH past AS (DELETE FROM lease_decline WHERE until < now() AND NOT (kind = $1 AND resource_id = $2 AND engine = $3))
            INSERT INTO lease_decline (kind, resource_id, engine, version, until) VALUES ($1, $2, $3, $4, now() + $5)
            ON CONFLICT (kind, resource_id, engine) DO UPDATE SET version = $4, until = now() + $5
            """);
        command.Parameters.AddWithValue(LeaseTable.NameOf(kind));
        command.Parameters.AddWithValue(resourceId);
        command.Parameters.AddWithValue(options.Name);
        command.Parameters.AddWithValue(version);
        command.Parameters.AddWithValue(For);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
