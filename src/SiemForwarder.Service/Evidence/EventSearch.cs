using System.Data;
using Npgsql;
using SiemForwarder.Events;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Evidence;

/// <summary>Searches the event index.</summary>
internal sealed class EventSearch(NpgsqlDataSource database, TimeProvider time)
{
    private const int CountLimit = 10_000;
    private static readonly TimeSpan DefaultSpan = TimeSpan.FromHours(24);

    /// <summary>The matching events, newest first by the requested time.</summary>
    public async Task<EventList> FindAsync(EventQuery query, SearchTerms terms, int page, int pageSize, CancellationToken cancellationToken)
    {
        var window = new SearchWindow(
            terms.ByReceipt ? "receipt" : "event", (query.From ?? DayBefore(query.To ?? time.GetUtcNow())).ToUniversalTime(), query.To?.ToUniversalTime());
        var column = terms.ByReceipt ? "received_at" : "occurred_at";
        var (where, parameters) = Where(query, terms, window, column);
        var items = new List<FoundEvent>();

        // One snapshot, so that an event indexed meanwhile is not counted without being listed.
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var snapshot = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        await using (var command = new NpgsqlCommand($"""
            SELECT coalesce(event_id, key::text), source_id, position, occurred_at, received_at, type, category, outcome, severity, user_id, user_name, client_id, ip
            FROM {LogTables.IndexedEvents} e WHERE {where} ORDER BY {column} DESC, source_id, position DESC OFFSET {(page - 1) * pageSize} LIMIT {pageSize}
            """, connection))
        {
            command.Parameters.AddRange(Copies(parameters));
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                items.Add(Read(reader));
            }
        }

        await using var count = new NpgsqlCommand(
            $"SELECT count(*) FROM (SELECT 1 FROM {LogTables.IndexedEvents} e WHERE {where} LIMIT {CountLimit + 1}) found", connection);
        count.Parameters.AddRange(Copies(parameters));
        var total = (int)(long)(await count.ExecuteScalarAsync(cancellationToken))!;
        var lag = await ReadLagAsync(connection, cancellationToken);
        return new EventList(items, Math.Min(total, CountLimit), total <= CountLimit, lag, page, pageSize, window);
    }

    private static async Task<long> ReadLagAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand($"SELECT coalesce(sum(events), 0)::bigint FROM {LogTables.NotIndexed} n", connection);
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private static (string Where, List<object> Parameters) Where(EventQuery query, SearchTerms terms, SearchWindow window, string column)
    {
        var parameters = new List<object> { window.From };
        var conditions = new List<string> { $"{column} >= $1", $"source_id IN (SELECT id FROM {ConfigurationTables.Sources} s)" };
        Add(window.To, $"{column} < {{0}}");
        Add(query.Source, "source_id = {0}");
        Add(terms.Category, "category = {0}");
        Add(query.Client, "client_id = {0}");
        Add(terms.Network, terms.IsInNetwork);

        // In a database with the locale C, lower() only handles ASCII.
        Add(query.User?.ToLowerInvariant(), "(lower(user_id) IN ({0}, lower({0})) OR lower(user_name) IN ({0}, lower({0})))");
        Add(query.Outcome is null ? null : (short)OutcomeOf(query.Outcome), "outcome = {0}");
        if (query.Type is { Length: > 1 } type && type.EndsWith('*'))
        {
            Add(LikePattern.Escape(type[..^1]) + "%", "type LIKE {0}");
        }
        else
        {
            Add(query.Type, "type = {0}");
        }

        return (string.Join(" AND ", conditions), parameters);

        void Add(object? value, string condition)
        {
            if (value is not null)
            {
                parameters.Add(value);
                conditions.Add(condition.Replace("{0}", $"${parameters.Count}", StringComparison.Ordinal));
            }
        }
    }

    // There is no day before the first day of the calendar.
    private static DateTimeOffset DayBefore(DateTimeOffset end) => end.UtcTicks > DefaultSpan.Ticks ? end - DefaultSpan : DateTimeOffset.MinValue;

    private static EventOutcome OutcomeOf(string text) => Enum.TryParse<EventOutcome>(text, ignoreCase: true, out var outcome) ? outcome : EventOutcome.Unknown;

    private static NpgsqlParameter[] Copies(List<object> parameters) => [.. parameters.Select(value => new NpgsqlParameter { Value = value })];

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
            Text(12));

        string? Text(int column) => reader.IsDBNull(column) ? null : reader.GetString(column);
    }
}
