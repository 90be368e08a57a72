using Npgsql;
using NpgsqlTypes;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Access.Realms;

/// <summary>What a role is called in the realm, as it was changed while the service runs.</summary>
/// <param name="Role">The role.</param>
/// <param name="GrantedTo">Realm roles, roles of the client and groups whose holders have the role; empty for nobody.</param>
/// <param name="Version">Incremented with each change; the entity tag.</param>
/// <param name="ManagedBy">The configuration that manages it; null for none.</param>
/// <param name="ChangedAt">When it was last changed.</param>
/// <param name="ChangedBy">Who changed it.</param>
internal sealed record RoleGrant(
    string Role, IReadOnlyList<string> GrantedTo, int Version, string? ManagedBy, DateTimeOffset ChangedAt, string ChangedBy);

/// <summary>The table of what roles are called in the realm.</summary>
internal sealed class RoleGrantTable(NpgsqlDataSource database, TimeProvider time)
{
    // Who is signed in keeps the roles of the sign-in, so a change of names ends that.
    private const string EndSessions = "DELETE FROM signed_in WHERE $3 AND EXISTS (SELECT FROM changed)";

    /// <summary>All that were changed, by role.</summary>
    public async Task<IReadOnlyDictionary<string, RoleGrant>> ListAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("SELECT role, granted_to, version, managed_by, changed_at, changed_by FROM role_grant");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var grants = new Dictionary<string, RoleGrant>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellationToken))
        {
            grants[reader.GetString(0)] = new RoleGrant(
                reader.GetString(0), reader.GetFieldValue<string[]>(1), reader.GetInt32(2), reader.IsDBNull(3) ? null : reader.GetString(3),
                reader.GetFieldValue<DateTimeOffset>(4), reader.GetString(5));
        }

        return grants;
    }

    /// <summary>Stores what a role is called if it still has the version that the caller read.</summary>
    /// <param name="grant">What it is to be; its version is the one that was read, 0 for a role that nobody changed yet. Its time is set here.</param>
    /// <param name="endsSessions">Whether people who are signed in have to sign in again.</param>
    /// <param name="cancellationToken">Cancels the attempt.</param>
    public Task<ChangeResult> SaveAsync(RoleGrant grant, bool endsSessions, CancellationToken cancellationToken) => ChangeAsync(
        """
        INSERT INTO role_grant AS g (role, granted_to, version, managed_by, changed_at, changed_by) VALUES ($1, $4, $2 + 1, $5, $6, $7)
        ON CONFLICT (role) DO UPDATE SET granted_to = $4, version = g.version + 1, managed_by = $5, changed_at = $6, changed_by = $7 WHERE g.version = $2
        """,
        [
            new() { Value = grant.Role }, new() { Value = grant.Version }, new() { Value = endsSessions }, new() { Value = grant.GrantedTo.ToArray() },
            new() { Value = (object?)grant.ManagedBy ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text }, new() { Value = StoredTime.Now(time) },
            new() { Value = grant.ChangedBy },
        ],
        cancellationToken);

    /// <summary>Gives a role the names of the settings back if it still has the version that the caller read.</summary>
    public Task<ChangeResult> DeleteAsync(string role, int version, bool endsSessions, CancellationToken cancellationToken) => ChangeAsync(
        "DELETE FROM role_grant WHERE role = $1 AND version = $2",
        [new() { Value = role }, new() { Value = version }, new() { Value = endsSessions }], cancellationToken);

    private async Task<ChangeResult> ChangeAsync(string change, NpgsqlParameter[] parameters, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"""
            WITH changed AS ({change} RETURNING role), ended AS ({EndSessions}) SELECT count(*) FROM changed
            """);
        command.Parameters.AddRange(parameters);
        return (long)(await command.ExecuteScalarAsync(cancellationToken))! > 0 ? ChangeResult.Done : ChangeResult.Stale;
    }
}
