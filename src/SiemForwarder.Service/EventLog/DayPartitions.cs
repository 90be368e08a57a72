using System.Collections.Concurrent;
using System.Globalization;
using Npgsql;

namespace SiemForwarder.Service.EventLog;

/// <summary>Creates the daily partitions of the growing tables before the first row of a day, and drops them.</summary>
/// <remarks>
/// A partition is created as a table and then attached, which only blocks other schema changes: a running backup holds nothing up. Dropping needs
/// an exclusive lock, so it waits for at most a second and is retried later.
/// </remarks>
internal sealed class DayPartitions(NpgsqlDataSource database)
{
    public static readonly IReadOnlyList<string> Tables = ["segment", "event_index", "delivery"];

    private const string LockTimeout = "SET LOCAL lock_timeout = '1s'";
    private readonly ConcurrentDictionary<DateOnly, bool> known = new();

    public static string NameOf(string table, DateOnly day) => string.Create(CultureInfo.InvariantCulture, $"{table}_{day:yyyyMMdd}");

    /// <summary>Ensures that the partitions for this instant exist.</summary>
    /// <exception cref="PostgresException">The tables are locked (55P03); try again.</exception>
    public ValueTask EnsureAsync(DateTimeOffset instant, CancellationToken cancellationToken)
    {
        var day = DateOnly.FromDateTime(instant.UtcDateTime);
        return known.ContainsKey(day) ? ValueTask.CompletedTask : CreateAsync(day, cancellationToken);
    }

    private async ValueTask CreateAsync(DateOnly day, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await ExecuteAsync(LockTimeout);
        // Of two sessions creating the same table, one would fail; with the lock, the second waits and finds it.
        await ExecuteAsync("SELECT pg_advisory_xact_lock(hashtext('siemforwarder partitions'))");
        foreach (var table in Tables)
        {
            var name = NameOf(table, day);
            await using var exists = new NpgsqlCommand("SELECT to_regclass($1) IS NOT NULL", connection, transaction);
            exists.Parameters.AddWithValue(name);
            if (await exists.ExecuteScalarAsync(cancellationToken) is true)
            {
                continue;
            }

            await ExecuteAsync($"CREATE TABLE {name} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE)");
            await ExecuteAsync(string.Create(
                CultureInfo.InvariantCulture,
                $"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ('{day:yyyy-MM-dd} 00:00+00') TO ('{day.AddDays(1):yyyy-MM-dd} 00:00+00')"));
        }

        await transaction.CommitAsync(cancellationToken);
        known[day] = true;

        async Task ExecuteAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, connection, transaction);
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    /// <summary>The days for which a table has partitions, with their bytes on disk, oldest first.</summary>
    public async Task<IReadOnlyList<(DateOnly Day, long Bytes)>> ListAsync(string table, CancellationToken cancellationToken)
    {
        // The size of a table that another engine has just dropped is null.
        await using var command = database.CreateCommand("""
            SELECT c.relname, coalesce(pg_total_relation_size(c.oid), 0) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
            WHERE i.inhparent = $1::regclass ORDER BY c.relname
            """);
        command.Parameters.AddWithValue(table);
        var days = new List<(DateOnly, long)>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var name = reader.GetString(0);
            if (name.Length > table.Length
                && DateOnly.TryParseExact(name[(table.Length + 1)..], "yyyyMMdd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day))
            {
                days.Add((day, reader.GetInt64(1)));
            }
        }

        return days;
    }

    /// <summary>Drops a day of a table in the same transaction as <paramref name="before"/>. False if another engine is dropping, the table
    /// is locked (both are retried later), or <paramref name="before"/> returns false.</summary>
    public async Task<bool> DropAsync(
        string table, DateOnly day, Func<NpgsqlConnection, NpgsqlTransaction, Task<bool>> before, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        try
        {
            await using (var bound = new NpgsqlCommand(LockTimeout, connection, transaction))
            {
                await bound.ExecuteNonQueryAsync(cancellationToken);
            }

            await using (var take = new NpgsqlCommand("SELECT pg_try_advisory_xact_lock(hashtext('siemforwarder retention'))", connection, transaction))
            {
                if (await take.ExecuteScalarAsync(cancellationToken) is not true || !await before(connection, transaction))
                {
                    return false;
                }
            }

            await using (var drop = new NpgsqlCommand($"DROP TABLE IF EXISTS {NameOf(table, day)}", connection, transaction))
            {
                await drop.ExecuteNonQueryAsync(cancellationToken);
            }

            CrashPoint.Pass(CrashPoint.DuringRetention);
            await transaction.CommitAsync(cancellationToken);
        }
        catch (PostgresException exception) when (exception.SqlState is PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.UndefinedTable)
        {
            return false;
        }

        known.TryRemove(day, out _);
        return true;
    }

    /// <summary>Forgets which partitions exist, because the database's history was replaced.</summary>
    public void ForgetAll() => known.Clear();

    /// <summary>Forgets which partitions exist if the fault says that one is missing: another engine dropped it.</summary>
    public void Suspect(Exception exception)
    {
        if (exception is PostgresException { SqlState: PostgresErrorCodes.CheckViolation })
        {
            known.Clear();
        }
    }
}
