using System.Data;
using Npgsql;
using SiemForwarder.Events;
using SiemForwarder.Service.EventLog;

namespace SiemForwarder.Service.Evidence;

/// <summary>Searches the event index.</summary>
internal sealed class EventSearch(NpgsqlDataSource database, TimeProvider time)
{
    private const int CountLimit = 10_000;

    /// <summary>The matching events, newest first by the requested time.</summary>
    public async Task<EventList> FindAsync(EventQuery query, SearchTerms terms, int page, int pageSize, CancellationToken cancellationToken)
    {
        var window = SearchSql.WindowOf(query, terms, time.GetUtcNow());
        var column = SearchSql.ColumnOf(terms);
        var (where, parameters) = SearchSql.Where(query, terms, window);
        var items = new List<FoundEvent>();

        // One snapshot, so that an event indexed meanwhile is not counted without being listed.
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var snapshot = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);

        // From the newest on: whatever the planner expects of a condition, it never sorts all that a long time holds. What has an index is sorted.
        if (!SearchSql.HasTerm(query, terms))
        {
            await using var walk = new NpgsqlCommand("SET LOCAL enable_sort = off", connection);
            await walk.ExecuteNonQueryAsync(cancellationToken);
        }

        await using (var command = new NpgsqlCommand($"""
            SELECT coalesce(event_id, key::text), source_id, position, occurred_at, received_at, type, category, outcome, severity, user_id, user_name, client_id, ip, session_id
            FROM {LogTables.IndexedEvents} e WHERE {where} ORDER BY {column} DESC, source_id, position DESC OFFSET {(page - 1) * pageSize} LIMIT {pageSize}
            """, connection))
        {
            command.Parameters.AddRange(SearchSql.Copies(parameters));
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                items.Add(Read(reader));
            }
        }

        // Behind a page that is not full there is nothing: to count would be to look through everything again.
        var isLast = items.Count < pageSize && (items.Count > 0 || page == 1);
        if (!isLast && IsFrequent(items, terms, window))
        {
            // The index would first collect all of them, of which only so many are counted.
            (where, parameters) = SearchSql.Where(query, terms, window, byTerm: false);
        }

        var total = isLast ? ((page - 1) * pageSize) + items.Count : await CountAsync(connection, where, parameters, cancellationToken);
        var lag = await ReadLagAsync(connection, cancellationToken);
        return new EventList(items, Math.Min(total, CountLimit), total <= CountLimit, lag, page, pageSize, window);
    }

    // Whether the events of a page follow each other so closely that the time range holds far more than are counted.
    private bool IsFrequent(List<FoundEvent> items, SearchTerms terms, SearchWindow window)
    {
        if (items.Count == 0)
        {
            return false;
        }

        var (newest, oldest) = terms.ByReceipt ? (items[0].ReceivedAt, items[^1].ReceivedAt) : (items[0].OccurredAt, items[^1].OccurredAt);
        return (newest - oldest) * (2.0 * CountLimit / items.Count) < (window.To ?? time.GetUtcNow()) - window.From;
    }

    private static async Task<int> CountAsync(NpgsqlConnection connection, string where, List<object> parameters, CancellationToken cancellationToken)
    {
        await using var count = new NpgsqlCommand(
            $"SELECT count(*) FROM (SELECT 1 FROM {LogTables.IndexedEvents} e WHERE {where} LIMIT {CountLimit + 1}) found", connection);
        count.Parameters.AddRange(SearchSql.Copies(parameters));
        return (int)(long)(await count.ExecuteScalarAsync(cancellationToken))!;
    }

    private static async Task<long> ReadLagAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand($"SELECT coalesce(sum(events), 0)::bigint FROM {LogTables.NotIndexed} n", connection);
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private static FoundEvent Read(NpgsqlDataReader reader)
    {
        return new FoundEvent(
            reader.GetString(0),
            reader.GetInt32(1),
            reader.GetInt64(2),
            reader.GetFieldValue<DateTimeOffset>(3),
            reader.GetFieldValue<DateTimeOffset>(4),
            reader.GetString(5),
            reader.GetString(6),
            ((EventOutcome)reader.GetInt16(7)).ToString().ToLowerInvariant(),
            reader.GetInt16(8),
            Text(9),
            Text(10),
            Text(11),
            Text(12),
            Text(13));

        string? Text(int column) => reader.IsDBNull(column) ? null : reader.GetString(column);
    }
}
