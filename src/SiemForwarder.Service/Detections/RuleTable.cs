using Npgsql;
using NpgsqlTypes;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Detections;

/// <summary>A rule file as stored.</summary>
/// <param name="Name">Its name, without an ending.</param>
/// <param name="IsPack">Whether it comes with the forwarder; then only what was decided about it is stored.</param>
/// <param name="Enabled">Whether its rules run.</param>
/// <param name="Body">The YAML; null for a file of the pack.</param>
/// <param name="Fixtures">Events that show what the rules do; null for none.</param>
/// <param name="ExpectedPerDay">The number of alerts a day that its author expects; null if not said.</param>
/// <param name="Version">Incremented with each change; the entity tag.</param>
/// <param name="UpdatedAt">When it was last changed; null for a file of the pack that nobody touched.</param>
internal sealed record StoredRule(
    string Name, bool IsPack, bool Enabled, string? Body, string? Fixtures, int? ExpectedPerDay, int Version, DateTimeOffset? UpdatedAt);

/// <summary>A list of values for placeholders as stored.</summary>
internal sealed record StoredList(string Name, IReadOnlyList<string> Entries, int Version, DateTimeOffset? UpdatedAt);

/// <summary>The rule files and lists in the database.</summary>
internal sealed class RuleTable(NpgsqlDataSource database, ConfigurationSignal configuration, TimeProvider time)
{
    private const string Columns = "name, is_pack, enabled, body, fixtures, expected_per_day, version, updated_at";

    // The reader starts at the ends of the logs, as a new integration does; what it knew of an earlier time is worth nothing.
    private const string Begin = """
        WITH gone AS (DELETE FROM detection_checkpoint), read AS (DELETE FROM detection_batch)
        UPDATE detection_reader SET snapshot = NULL, snapshot_rules = DEFAULT
        """;

    private const string BeginAtEnds = $"""
        INSERT INTO detection_checkpoint (source_id, position, snapshot_position)
        SELECT source_id, next_position - 1, next_position - 1 FROM {LogTables.Heads} h
        """;

    /// <summary>The version of all rules and lists together; null if no rule is enabled.</summary>
    public async Task<int?> FindVersionAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            "SELECT rules_version FROM detection_reader WHERE EXISTS (SELECT 1 FROM detection_rule WHERE enabled)");
        return (int?)await command.ExecuteScalarAsync(cancellationToken);
    }

    public async Task<IReadOnlyList<StoredRule>> ListAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"SELECT {Columns} FROM detection_rule ORDER BY name");
        var rules = new List<StoredRule>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            rules.Add(new StoredRule(
                reader.GetString(0), reader.GetBoolean(1), reader.GetBoolean(2), TextAt(reader, 3), TextAt(reader, 4),
                reader.IsDBNull(5) ? null : reader.GetInt32(5), reader.GetInt32(6), reader.GetFieldValue<DateTimeOffset>(7)));
        }

        return rules;
    }

    public async Task<IReadOnlyList<StoredList>> ListListsAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("SELECT name, entries, version, updated_at FROM detection_list ORDER BY name");
        var lists = new List<StoredList>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            lists.Add(new StoredList(reader.GetString(0), reader.GetFieldValue<string[]>(1), reader.GetInt32(2), reader.GetFieldValue<DateTimeOffset>(3)));
        }

        return lists;
    }

    /// <summary>Stores a rule file if it still has the version that the caller read.</summary>
    /// <param name="rule">What it is to be; its version is the one that was read, 0 for a new one.</param>
    /// <param name="cancellationToken">Cancels the attempt.</param>
    public Task<ChangeResult> SaveAsync(StoredRule rule, CancellationToken cancellationToken) => ChangeAsync([SaveRule(rule)], cancellationToken);

    /// <summary>Stores rule files and lists in one transaction if all of them still have the version that the caller read.</summary>
    public Task<ChangeResult> SaveAllAsync(
        IReadOnlyList<StoredRule> rules, IReadOnlyList<StoredList> lists, string by, CancellationToken cancellationToken) =>
        ChangeAsync([.. lists.Select(list => SaveList(list.Name, list.Entries, list.Version, by)), .. rules.Select(SaveRule)], cancellationToken);

    private TableChange SaveRule(StoredRule rule) => new(
        """
        INSERT INTO detection_rule AS r (name, is_pack, enabled, body, fixtures, expected_per_day, version, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7 + 1, $8, $8)
        ON CONFLICT (name) DO UPDATE SET enabled = $3, body = $4, fixtures = $5, expected_per_day = $6, version = r.version + 1, updated_at = $8
            WHERE r.version = $7 AND r.is_pack = $2
        """,
        [
            new() { Value = rule.Name }, new() { Value = rule.IsPack }, new() { Value = rule.Enabled }, Text(rule.Body), Text(rule.Fixtures),
            new() { Value = (object?)rule.ExpectedPerDay ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Integer }, new() { Value = rule.Version },
            new() { Value = time.GetUtcNow() },
        ]);

    /// <summary>Deletes a rule file if it still has the version that the caller read.</summary>
    public Task<ChangeResult> DeleteAsync(string name, int version, CancellationToken cancellationToken) => ChangeAsync(
        [new("DELETE FROM detection_rule WHERE name = $1 AND version = $2 AND NOT is_pack", [new() { Value = name }, new() { Value = version }])],
        cancellationToken);

    /// <summary>Stores a list if it still has the version that the caller read.</summary>
    public Task<ChangeResult> SaveListAsync(
        string name, IReadOnlyList<string> entries, int version, string by, CancellationToken cancellationToken) =>
        ChangeAsync([SaveList(name, entries, version, by)], cancellationToken);

    private TableChange SaveList(string name, IReadOnlyList<string> entries, int version, string by) => new(
        $"""
        WITH changed AS (
            INSERT INTO detection_list AS l (name, entries, version, updated_at) VALUES ($1, $5, $2 + 1, $4)
            ON CONFLICT (name) DO UPDATE SET entries = $5, version = l.version + 1, updated_at = $4 WHERE l.version = $2
            RETURNING name, entries
        )
        {RuleListHistory.Record}
        """,
        [.. ListChange(name, version, by), new() { Value = entries.ToArray() }]);

    /// <summary>Deletes a list; one of the pack has its own values again.</summary>
    public Task<ChangeResult> DeleteListAsync(string name, int version, string by, CancellationToken cancellationToken) => ChangeAsync(
        [
            new(
                $"""
                WITH changed AS (DELETE FROM detection_list WHERE name = $1 AND version = $2 RETURNING name, NULL::text[] AS entries)
                {RuleListHistory.Record}
                """,
                [.. ListChange(name, version, by)]),
        ],
        cancellationToken);

    private NpgsqlParameter[] ListChange(string name, int version, string by) =>
        [new() { Value = name }, new() { Value = version }, new() { Value = by }, new() { Value = time.GetUtcNow() }];

    // One statement of a change; it changes a row unless somebody else was faster.
    private sealed record TableChange(string Sql, NpgsqlParameter[] Parameters);

    private async Task<ChangeResult> ChangeAsync(IReadOnlyList<TableChange> changes, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        // Changes follow one another, so that the first rule that is enabled is known as the first.
        await ExecuteAsync("UPDATE detection_reader SET rules_version = rules_version + 1");
        var wasRunning = await IsRunningAsync();
        foreach (var (sql, parameters) in changes)
        {
            await using var change = new NpgsqlCommand(sql, connection, transaction);
            change.Parameters.AddRange(parameters);
            if (await change.ExecuteNonQueryAsync(cancellationToken) == 0)
            {
                return ChangeResult.Stale;
            }
        }

        if (!wasRunning && await IsRunningAsync())
        {
            await ExecuteAsync(Begin);
            await ExecuteAsync(BeginAtEnds);
        }

        await transaction.CommitAsync(cancellationToken);
        configuration.Raise();
        return ChangeResult.Done;

        async Task<bool> IsRunningAsync()
        {
            await using var command = new NpgsqlCommand("SELECT EXISTS (SELECT 1 FROM detection_rule WHERE enabled)", connection, transaction);
            return await command.ExecuteScalarAsync(cancellationToken) is true;
        }

        async Task ExecuteAsync(string statement)
        {
            await using var command = new NpgsqlCommand(statement, connection, transaction);
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    private static string? TextAt(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

    private static NpgsqlParameter Text(string? text) => new() { Value = (object?)text ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text };
}
