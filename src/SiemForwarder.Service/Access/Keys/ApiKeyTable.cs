using Npgsql;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Access.Keys;

/// <summary>The table of keys.</summary>
internal sealed class ApiKeyTable(NpgsqlDataSource database, TimeProvider time)
{
    private const string Columns =
        "id, name, role, source_id, salt, hash, previous_salt, previous_hash, previous_until, created_at, created_by, expires_at, last_used_at, revoked_at, "
        + "revoked_by";

    // The lock of engines that check for the first key.
    private const string First = "SELECT pg_advisory_xact_lock(hashtext('siemforwarder first key'))";

    /// <summary>The keys that may still be sent: valid ones, and those that expired or were revoked since.</summary>
    public Task<List<ApiKey>> ListSinceAsync(DateTimeOffset endedSince, CancellationToken cancellationToken) => ReadAsync(
        $"SELECT {Columns} FROM api_key WHERE least(revoked_at, expires_at) IS NULL OR least(revoked_at, expires_at) > $1", cancellationToken, endedSince);

    /// <summary>A page of keys, newest first.</summary>
    public async Task<(List<ApiKey> Items, long Total)> ListAsync(string? search, int page, int pageSize, CancellationToken cancellationToken)
    {
        const string Where = @"WHERE $1::text IS NULL OR name ILIKE $1 ESCAPE '\'";
        object pattern = search is null ? DBNull.Value : $"%{LikePattern.Escape(search)}%";
        await using var count = Command($"SELECT count(*) FROM api_key {Where}", pattern);
        var total = (long)(await count.ExecuteScalarAsync(cancellationToken))!;
        var items = await ReadAsync(
            $"SELECT {Columns} FROM api_key {Where} ORDER BY created_at DESC, id LIMIT $2 OFFSET $3", cancellationToken, pattern, pageSize,
            (page - 1) * pageSize);
        return (items, total);
    }

    public async Task<ApiKey?> FindAsync(string id, CancellationToken cancellationToken) =>
        (await ReadAsync($"SELECT {Columns} FROM api_key WHERE id = $1", cancellationToken, id)).FirstOrDefault();

    /// <summary>Stores a key; a taken name and a missing source are values.</summary>
    public async Task<ChangeResult> AddAsync(ApiKey key, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        try
        {
            await InsertAsync(connection, key, cancellationToken);
            return ChangeResult.Done;
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            return ChangeResult.NameTaken;
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.ForeignKeyViolation)
        {
            return ChangeResult.NotFound;
        }
    }

    /// <summary>Stores the first key if the database has none; <paramref name="write"/> is called before, by one engine at a time.</summary>
    public async Task<bool> AddFirstAsync(ApiKey key, Func<Task> write, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var turn = new NpgsqlCommand(First, connection, transaction);
        await turn.ExecuteNonQueryAsync(cancellationToken);
        await using var any = new NpgsqlCommand("SELECT EXISTS (SELECT FROM api_key)", connection, transaction);
        if (await any.ExecuteScalarAsync(cancellationToken) is true)
        {
            return false;
        }

        // A key that is in the database but in no file would be useless.
        await write();
        await InsertAsync(connection, key, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    /// <summary>Gives a valid key a new secret; the current one remains valid until the given time. Null if there is no such key.</summary>
    public async Task<ApiKey?> RotateAsync(string id, SecretHash hash, DateTimeOffset previousUntil, CancellationToken cancellationToken) =>
        (await ReadAsync($"""
            UPDATE api_key SET previous_salt = salt, previous_hash = hash, previous_until = $4, salt = $2, hash = $3
            WHERE id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $5) RETURNING {Columns}
            """, cancellationToken, id, hash.Salt, hash.Hash, previousUntil, StoredTime.Now(time))).FirstOrDefault();

    /// <summary>Revokes a key; false if there is no such unrevoked key.</summary>
    public async Task<bool> RevokeAsync(string id, string by, CancellationToken cancellationToken)
    {
        await using var command = Command(
            "UPDATE api_key SET revoked_at = $2, revoked_by = $3 WHERE id = $1 AND revoked_at IS NULL", id, StoredTime.Now(time), by);
        return await command.ExecuteNonQueryAsync(cancellationToken) > 0;
    }

    /// <summary>Records the use of a key.</summary>
    public async Task NoteUseAsync(string id, CancellationToken cancellationToken)
    {
        await using var command = Command("UPDATE api_key SET last_used_at = $2 WHERE id = $1", id, StoredTime.Now(time));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task InsertAsync(NpgsqlConnection connection, ApiKey key, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("""
            INSERT INTO api_key (id, name, role, source_id, salt, hash, created_at, created_by, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            """, connection);
        Add(command, key.Id, key.Name, key.Role, (object?)key.SourceId ?? DBNull.Value, key.Hash.Salt, key.Hash.Hash, key.CreatedAt, key.CreatedBy,
            (object?)key.ExpiresAt ?? DBNull.Value);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task<List<ApiKey>> ReadAsync(string sql, CancellationToken cancellationToken, params object[] values)
    {
        await using var command = Command(sql, values);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var keys = new List<ApiKey>();
        while (await reader.ReadAsync(cancellationToken))
        {
            keys.Add(Read(reader));
        }

        return keys;
    }

    private static ApiKey Read(NpgsqlDataReader reader)
    {
        DateTimeOffset? At(int column) => reader.IsDBNull(column) ? null : reader.GetFieldValue<DateTimeOffset>(column);
        SecretHash? Hash(int column) =>
            reader.IsDBNull(column) ? null : new SecretHash(reader.GetFieldValue<byte[]>(column), reader.GetFieldValue<byte[]>(column + 1));
        return new ApiKey(
            reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.IsDBNull(3) ? null : reader.GetInt32(3), Hash(4)!, Hash(6), At(8),
            reader.GetFieldValue<DateTimeOffset>(9), reader.GetString(10), At(11), At(12), At(13), reader.IsDBNull(14) ? null : reader.GetString(14));
    }

    private NpgsqlCommand Command(string sql, params object[] values)
    {
        var command = database.CreateCommand(sql);
        Add(command, values);
        return command;
    }

    private static void Add(NpgsqlCommand command, params object[] values)
    {
        foreach (var value in values)
        {
            command.Parameters.AddWithValue(value);
        }
    }
}
