using Npgsql;
using SiemForwarder.Service.Keycloak.Client;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Sources;

/// <summary>Stores the identities of the sources' servers, and finds sources that read the same realm.</summary>
internal sealed class RealmIdentities(NpgsqlDataSource database, TimeProvider time)
{
    /// <summary>The identities of the sources' servers, for SQL in other folders.</summary>
    public const string Rows = "(SELECT source_id, base_url, realm, issuer, key_ids, read_at FROM realm_identity)";

    private static readonly TimeSpan Again = TimeSpan.FromMinutes(1);

    /// <summary>The other sources that already read the realm of these settings.</summary>
    /// <param name="sourceId">The changed source; 0 for a new one.</param>
    /// <param name="keycloak">Its settings.</param>
    /// <param name="identity">The identity of its server; null if unknown.</param>
    /// <param name="cancellationToken">Cancels the attempt.</param>
    public async Task<IReadOnlyList<string>> FindTwinsAsync(
        int sourceId, KeycloakDefinition keycloak, RealmIdentity? identity, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"""
            SELECT s.name, s.definition -> 'keycloak' ->> 'baseUrl', r.issuer, r.key_ids
            FROM {ConfigurationTables.Sources} s LEFT JOIN realm_identity r ON r.source_id = s.id AND r.base_url = s.definition -> 'keycloak' ->> 'baseUrl' AND r.realm = $2
            WHERE s.kind = 'keycloak' AND s.id <> $1 AND s.definition -> 'keycloak' ->> 'realm' = $2 ORDER BY s.id
            """);
        command.Parameters.AddWithValue(sourceId);
        command.Parameters.AddWithValue(keycloak.Realm);
        var twins = new List<string>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var other = reader.IsDBNull(2) ? null : new RealmIdentity(reader.GetString(2), reader.GetFieldValue<string[]>(3));
            if (ServerAddress.Of(reader.GetString(1)) == ServerAddress.Of(keycloak.BaseUrl) || (other is not null && identity?.IsSameAs(other) == true))
            {
                twins.Add(reader.GetString(0));
            }
        }

        return twins;
    }

    public async Task SaveAsync(int sourceId, KeycloakSource source, RealmIdentity identity, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"""
            INSERT INTO realm_identity (source_id, base_url, realm, issuer, key_ids, read_at)
            SELECT id, definition -> 'keycloak' ->> 'baseUrl', definition -> 'keycloak' ->> 'realm', $3, $4, $5
            FROM {ConfigurationTables.Sources} s WHERE id = $1 AND definition -> 'keycloak' ->> 'baseUrl' = $2 FOR KEY SHARE
            ON CONFLICT (source_id) DO UPDATE
                SET base_url = excluded.base_url, realm = excluded.realm, issuer = excluded.issuer, key_ids = excluded.key_ids, read_at = excluded.read_at
            """);
        command.Parameters.AddWithValue(sourceId);
        command.Parameters.AddWithValue(source.BaseUrl.OriginalString);
        command.Parameters.AddWithValue(StoredText.Of(identity.Issuer));
        command.Parameters.AddWithValue(identity.KeyIds.Select(id => StoredText.Of(id)).ToArray());
        command.Parameters.AddWithValue(StoredTime.Now(time));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Asks the server of a source for its identity until it responds; skipped if the identity is known since the source was saved.</summary>
    public async Task LearnAsync(KeycloakSource source, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                if (await IsKnownAsync(source, cancellationToken))
                {
                    return;
                }

                if (await RealmIdentityReader.ReadAsync(source, time, cancellationToken) is { } identity)
                {
                    await SaveAsync(source.Id, source, identity, cancellationToken);
                    return;
                }
            }
            catch (Exception exception) when (DatabaseFault.IsDatabase(exception))
            {
                // The poller of the source reports an unavailable database.
                await Task.Delay(Again, time, cancellationToken);
                continue;
            }

            await Task.Delay(Again, time, cancellationToken);
        }
    }

    private async Task<bool> IsKnownAsync(KeycloakSource source, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("SELECT EXISTS (SELECT 1 FROM realm_identity WHERE source_id = $1 AND base_url = $2 AND realm = $3)");
        command.Parameters.AddWithValue(source.Id);
        command.Parameters.AddWithValue(source.BaseUrl.OriginalString);
        command.Parameters.AddWithValue(source.Realm);
        return await command.ExecuteScalarAsync(cancellationToken) is true;
    }
}
