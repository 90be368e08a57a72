using System.Collections.Concurrent;
using System.Globalization;
using Npgsql;

namespace SiemForwarder.Service.EventLog;

/// <summary>Makes the daily partitions of the tables that grow, before the first row of a day.</summary>
internal sealed class DayPartitions(NpgsqlDataSource database)
{
    public static readonly IReadOnlyList<string> Tables = ["segment", "event_index", "delivery"];

    private readonly ConcurrentDictionary<DateOnly, bool> known = new();

    public static string NameOf(string table, DateOnly day) => string.Create(CultureInfo.InvariantCulture, $"{table}_{day:yyyyMMdd}");

    /// <summary>Makes sure that rows of this instant find their partition.</summary>
    public async ValueTask EnsureAsync(DateTimeOffset instant, CancellationToken cancellationToken)
    {
        var day = DateOnly.FromDateTime(instant.UtcDateTime);
        if (known.ContainsKey(day))
        {
            return;
        }

        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        // CREATE … IF NOT EXISTS still fails when two sessions race; the lock makes the second one wait and find it.
        await ExecuteAsync("SELECT pg_advisory_xact_lock(hashtext('siemforwarder partitions'))");
        foreach (var table in Tables)
        {
            await ExecuteAsync(string.Create(
                CultureInfo.InvariantCulture,
                $"CREATE TABLE IF NOT EXISTS {NameOf(table, day)} PARTITION OF {table} FOR VALUES FROM ('{day:yyyy-MM-dd} 00:00+00') TO "
                    + $"('{day.AddDays(1):yyyy-MM-dd} 00:00+00')"));
        }

        await transaction.CommitAsync(cancellationToken);
        known[day] = true;

        async Task ExecuteAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, connection, transaction);
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    /// <summary>Forgets a day whose partitions were dropped.</summary>
    public void Forget(DateOnly day) => known.TryRemove(day, out _);
}
