using Npgsql;
using SiemForwarder.Connections;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Sources;

/// <summary>Deletes sources, but never undelivered events unless forced.</summary>
/// <remarks>The row and everything small is deleted at once; the events follow later (<see cref="DeletedSourcePurgeService"/>).</remarks>
internal sealed class SourceDeletion(
    NpgsqlDataSource database, IEnumerable<LogHold> holds, SourceDirectory directory, ConfigurationSignal configuration, TimeProvider time,
    ILogger<SourceDeletion> logger)
{
    // Events not delivered by live traffic, and those that history or a replay still has to deliver.
    private readonly string undeliveredSql = $"""
        SELECT i.id, i.name, u.first, u.last FROM (
            SELECT i.integration_id AS id, greatest(coalesce(c.position, 0) + 1, held.first_position) AS first, h.next_position - 1 AS last
            FROM {ConfigurationTables.Readings} i
            JOIN {LogTables.Heads} h ON h.source_id = i.source_id
            LEFT JOIN {LogTables.Checkpoints} c ON c.integration_id = i.integration_id AND c.source_id = $1
            CROSS JOIN LATERAL (
                SELECT first_position FROM {LogTables.Segments} s WHERE source_id = $1 AND last_position > coalesce(c.position, 0) ORDER BY last_position LIMIT 1) held
            WHERE i.source_id = $1
            {string.Concat(holds.Select(HeldSql))}
        ) u JOIN {ConfigurationTables.Integrations} i ON i.id = u.id
        WHERE i.enabled ORDER BY i.id, u.first
        """;

    private static string HeldSql(LogHold hold) =>
        $"UNION ALL SELECT x.integration_id, x.position + 1, x.last_position FROM {hold.Rows} x WHERE x.source_id = $1 AND x.position < x.last_position ";

    /// <summary>Deletes a source if it still has the version that the caller read.</summary>
    /// <param name="id">The source.</param>
    /// <param name="version">Version that was read.</param>
    /// <param name="force">Whether to delete it although enabled integrations lack some of its events; these are then recorded as lost.</param>
    /// <param name="cancellationToken">Cancels the attempt.</param>
    /// <returns>The result, and the events that enabled integrations lack; if there are any and force is not set, nothing was deleted.</returns>
    public async Task<(ChangeResult Result, IReadOnlyList<UndeliveredRange> Undelivered)> DeleteAsync(
        int id, int version, bool force, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);

        // Locks in the same order as an append, which therefore ends before the deletion or finds no log.
        await ExecuteAsync(connection, $"SELECT 1 FROM {LogTables.Heads} h WHERE source_id = $1 FOR UPDATE", [id], cancellationToken);
        if (await FindAsync(connection, id, cancellationToken) is not { } found)
        {
            return (ChangeResult.NotFound, []);
        }

        if (found.Version != version)
        {
            return (ChangeResult.Stale, []);
        }

        await ExecuteAsync(connection, $"SELECT 1 FROM {LogTables.Checkpoints} c WHERE source_id = $1 FOR UPDATE", [id], cancellationToken);
        var undelivered = await ReadUndeliveredAsync(connection, id, cancellationToken);
        if (undelivered.Count > 0 && !force)
        {
            return (ChangeResult.Done, undelivered);
        }

        var now = StoredTime.Now(time);
        foreach (var lost in undelivered)
        {
            await ExecuteAsync(
                connection,
                LogTables.AddGap,
                [id, lost.IntegrationId, lost.First, lost.Last, $"The source '{found.Name}' was deleted with force=true.", now],
                cancellationToken);
        }

        await ExecuteAsync(connection, LogTables.AddDeletedSource, [id, found.Name, now], cancellationToken);
        await ExecuteAsync(connection, ConfigurationTables.DeleteSource, [id], cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        directory.Forget(id);
        configuration.Raise();
        Tell(id, found.Name, undelivered);
        return (ChangeResult.Done, undelivered);
    }

    private void Tell(int id, string name, List<UndeliveredRange> undelivered)
    {
        if (undelivered.Count == 0)
        {
            logger.LogInformation("Source {Source} ({Id}) was deleted; its events are removed in the background.", name, id);
            return;
        }

        logger.LogWarning(
            "Source {Source} ({Id}) was deleted with force=true; these integrations will not receive the events they lacked: {Lost}.",
            name, id, string.Join(", ", undelivered.Select(Lost)));
    }

    private static string Lost(UndeliveredRange lost) =>
        $"'{lost.Integration}' {CountText.Of(lost.Count, "event")} (positions {lost.First} to {lost.Last})";

    private static async Task<(string Name, int Version)?> FindAsync(NpgsqlConnection connection, int id, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            $"SELECT name, version FROM {ConfigurationTables.Sources} s WHERE id = $1 AND kind <> 'forwarder' FOR UPDATE", connection);
        command.Parameters.AddWithValue(id);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? (reader.GetString(0), reader.GetInt32(1)) : null;
    }

    private async Task<List<UndeliveredRange>> ReadUndeliveredAsync(NpgsqlConnection connection, int id, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(undeliveredSql, connection);
        command.Parameters.AddWithValue(id);
        var undelivered = new List<UndeliveredRange>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            undelivered.Add(new UndeliveredRange(reader.GetInt32(0), reader.GetString(1), reader.GetInt64(2), reader.GetInt64(3)));
        }

        return undelivered;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, object[] values, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (var value in values)
        {
            command.Parameters.AddWithValue(value);
        }

        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}

/// <summary>Events of a source that an enabled integration has not received.</summary>
/// <param name="IntegrationId">The integration.</param>
/// <param name="Integration">Its name.</param>
/// <param name="First">First position.</param>
/// <param name="Last">Last position.</param>
internal sealed record UndeliveredRange(int IntegrationId, string Integration, long First, long Last)
{
    public long Count => Last - First + 1;
}
