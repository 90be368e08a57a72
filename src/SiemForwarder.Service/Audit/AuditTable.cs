using System.Runtime.CompilerServices;
using System.Text.Json;
using Npgsql;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Audit;

/// <summary>Which rows of the trail to select; null for any.</summary>
/// <param name="Caller">Name of a caller, or its credential.</param>
/// <param name="Action">An action, or the part of it before the dot.</param>
internal sealed record AuditSelection(
    DateTimeOffset? From = null, DateTimeOffset? To = null, string? Caller = null, string? Action = null, string? Target = null, string? Outcome = null);

/// <summary>An action that was started but never got its row, because the process or the database stopped in between.</summary>
internal sealed record AbandonedEntry(Guid Id, DateTimeOffset BegunAt, AuditEntry Entry);

/// <summary>The audit trail in the database; rows are only ever added, one at a time.</summary>
internal sealed class AuditTable(NpgsqlDataSource database, TimeProvider time)
{
    private const string Columns = "id, at, kind, caller, credential, address, action, target, name, outcome, status, before::text, after::text, detail::text, "
        + "previous, hash";

    private const string Selected = """
        ($1::timestamptz IS NULL OR at >= $1) AND ($2::timestamptz IS NULL OR at < $2) AND ($3::text IS NULL OR caller = $3 OR credential = $3)
        AND ($4::text IS NULL OR action = $4 OR starts_with(action, $4 || '.')) AND ($5::text IS NULL OR target = $5) AND ($6::text IS NULL OR outcome = $6)
        """;

    private const string AppendSql = """
        WITH ended AS (DELETE FROM audit_pending WHERE id = $17),
            moved AS (UPDATE audit_head SET last_id = $1, last_hash = $16)
        INSERT INTO audit (id, at, kind, caller, credential, address, action, target, name, outcome, status, before, after, detail, previous, hash)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12::text::json, $13::text::json, $14::text::json, $15, $16)
        """;

    /// <summary>Records that an action is about to be done.</summary>
    /// <exception cref="NpgsqlException">The database is unavailable; the action must not be done.</exception>
    public async Task BeginAsync(Guid id, AuditEntry entry, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("INSERT INTO audit_pending (id, begun_at, entry) VALUES ($1, $2, $3::text::json)");
        Add(command, id, StoredTime.Now(time), JsonSerializer.Serialize(entry));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Appends a row to the chain and removes the note that the action was started.</summary>
    /// <param name="entry">The content of the row.</param>
    /// <param name="begun">Id of the note; null if there is none.</param>
    /// <param name="cancellationToken">Cancels the attempt.</param>
    /// <exception cref="NpgsqlException">The database is unavailable.</exception>
    public async Task AppendAsync(AuditEntry entry, Guid? begun, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        AuditRow row;
        await using (var head = new NpgsqlCommand("SELECT last_id, last_hash FROM audit_head FOR UPDATE", connection, transaction))
        await using (var reader = await head.ExecuteReaderAsync(cancellationToken))
        {
            await reader.ReadAsync(cancellationToken);
            row = AuditChain.Follow(reader.GetInt64(0), reader.GetFieldValue<byte[]>(1), StoredTime.Now(time), entry);
        }

        await using var append = new NpgsqlCommand(AppendSql, connection, transaction);
        Add(append, row.Id, row.At, entry.Kind, entry.Caller, entry.Credential, entry.Address, entry.Action, entry.Target, entry.Name, entry.Outcome,
            entry.Status, entry.Before, entry.After, entry.Detail, row.Previous, row.Hash, begun ?? Guid.Empty);
        await append.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Actions started before an instant that have no row.</summary>
    public async Task<IReadOnlyList<AbandonedEntry>> FindAbandonedAsync(DateTimeOffset before, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            "SELECT id, begun_at, entry::text FROM audit_pending WHERE begun_at < $1 ORDER BY begun_at LIMIT 100");
        Add(command, before);
        var found = new List<AbandonedEntry>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            found.Add(new AbandonedEntry(
                reader.GetGuid(0), reader.GetFieldValue<DateTimeOffset>(1), JsonSerializer.Deserialize<AuditEntry>(reader.GetString(2))!));
        }

        return found;
    }

    /// <summary>A page of rows, newest first.</summary>
    public async Task<(IReadOnlyList<AuditRow> Items, long Total)> ListAsync(
        AuditSelection selection, int page, int pageSize, CancellationToken cancellationToken)
    {
        await using var count = Select($"SELECT count(*) FROM audit WHERE {Selected}", selection);
        var total = (long)(await count.ExecuteScalarAsync(cancellationToken))!;
        await using var list = Select($"SELECT {Columns} FROM audit WHERE {Selected} ORDER BY id DESC LIMIT $7 OFFSET $8", selection);
        Add(list, pageSize, (page - 1) * pageSize);
        var items = new List<AuditRow>();
        await foreach (var row in ReadAsync(list, cancellationToken))
        {
            items.Add(row);
        }

        return (items, total);
    }

    /// <summary>Streams all rows, oldest first.</summary>
    public async IAsyncEnumerable<AuditRow> ReadAllAsync(AuditSelection selection, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var command = Select($"SELECT {Columns} FROM audit WHERE {Selected} ORDER BY id", selection);
        await foreach (var row in ReadAsync(command, cancellationToken))
        {
            yield return row;
        }
    }

    /// <summary>The end of the chain, as recorded separately.</summary>
    public async Task<(long Id, byte[] Hash)> ReadHeadAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("SELECT last_id, last_hash FROM audit_head");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return (reader.GetInt64(0), reader.GetFieldValue<byte[]>(1));
    }

    /// <summary>The oldest rows that are not announced in the forwarder's log yet.</summary>
    public async Task<IReadOnlyList<AuditRow>> ListUntoldAsync(int limit, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            $"SELECT {Columns} FROM audit WHERE id > (SELECT told_id FROM audit_head) ORDER BY id LIMIT $1");
        Add(command, limit);
        var rows = new List<AuditRow>();
        await foreach (var row in ReadAsync(command, cancellationToken))
        {
            rows.Add(row);
        }

        return rows;
    }

    /// <summary>Records up to which row the trail has been announced.</summary>
    public async Task MarkToldAsync(long id, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("UPDATE audit_head SET told_id = $1 WHERE told_id < $1");
        Add(command, id);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private NpgsqlCommand Select(string sql, AuditSelection selection)
    {
        var command = database.CreateCommand(sql);
        Add(command, selection.From?.ToUniversalTime(), selection.To?.ToUniversalTime(), selection.Caller, selection.Action, selection.Target,
            selection.Outcome);
        return command;
    }

    private static async IAsyncEnumerable<AuditRow> ReadAsync(NpgsqlCommand command, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            string? Json(int column) => reader.IsDBNull(column) ? null : reader.GetString(column);
            yield return new AuditRow(
                reader.GetInt64(0), reader.GetFieldValue<DateTimeOffset>(1),
                new AuditEntry(
                    reader.GetString(2), reader.GetString(3), reader.GetString(4), reader.GetString(5), reader.GetString(6), reader.GetString(7),
                    reader.GetString(8), reader.GetString(9), reader.GetInt32(10), Json(11), Json(12), Json(13)),
                reader.GetFieldValue<byte[]>(14), reader.GetFieldValue<byte[]>(15));
        }
    }

    private static void Add(NpgsqlCommand command, params object?[] values)
    {
        foreach (var value in values)
        {
            command.Parameters.AddWithValue(value ?? DBNull.Value);
        }
    }
}
