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

    public async Task<EventList> FindAsync(EventQuery query, int page, int pageSize, CancellationToken cancellationToken)
    {
        var (where, parameters) = Where(query);
        var items = new List<FoundEvent>();
        await using (var command = database.CreateCommand($"""
            SELECT coalesce(event_id, key::text), source_id, position, occurred_at, received_at, type, category, outcome, severity, user_id, user_name, client_id, ip
            FROM {LogTables.IndexedEvents} e WHERE {where} ORDER BY occurred_at DESC, source_id, position DESC OFFSET {(page - 1) * pageSize} LIMIT {pageSize}
            """))
        {
            command.Parameters.AddRange(Copies(parameters));
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                items.Add(Read(reader));
            }
        }

        await using var count = database.CreateCommand(
            $"SELECT count(*) FROM (SELECT 1 FROM {LogTables.IndexedEvents} e WHERE {where} LIMIT {CountLimit + 1}) found");
        count.Parameters.AddRange(Copies(parameters));
        var total = (int)(long)(await count.ExecuteScalarAsync(cancellationToken))!;
        return new EventList(items, Math.Min(total, CountLimit), total <= CountLimit, await ReadLagAsync(cancellationToken), page, pageSize);
    }

    private async Task<long> ReadLagAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            $"SELECT coalesce(sum(events), 0)::bigint FROM {LogTables.NotIndexed} n");
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private (string Where, List<object> Parameters) Where(EventQuery query)
    {
        var parameters = new List<object> { (query.From ?? DayBefore(query.To ?? time.GetUtcNow())).ToUniversalTime() };
        var conditions = new List<string> { "occurred_at >= $1", $"source_id IN (SELECT id FROM {ConfigurationTables.Sources} s)" };
        Add(query.To?.ToUniversalTime(), "occurred_at < {0}");
        Add(query.Source, "source_id = {0}");
        Add(query.Category, "category = {0}");
        Add(query.Client, "client_id = {0}");
        Add(query.Ip, "ip = {0}");
        Add(query.User, "(user_id = {0} OR user_name = {0})");
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
                conditions.Add(string.Format(System.Globalization.CultureInfo.InvariantCulture, condition, $"${parameters.Count}"));
            }
        }
    }

    // There is no day before the first of the calendar.
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
