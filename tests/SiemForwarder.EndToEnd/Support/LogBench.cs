using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using SiemForwarder.Events;
using SiemForwarder.Service.Dispatch.Replays;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.EndToEnd.Support;

/// <summary>An event log on a database of its own, without the rest of the service.</summary>
internal sealed class LogBench : IAsyncDisposable
{
    private LogBench(string connectionString)
    {
        ConnectionString = connectionString;
        Database = ServiceDatabase.CreateDataSource(connectionString);
    }

    public string ConnectionString { get; }

    public NpgsqlDataSource Database { get; }

    public static async Task<LogBench> CreateAsync(TestPostgres postgres)
    {
        var bench = new LogBench(await postgres.CreateDatabaseAsync());
        var options = new DbContextOptionsBuilder<ForwarderDbContext>();
        ServiceDatabase.Configure(options, bench.Database);
        await using var context = new ForwarderDbContext(options.Options);
        await context.Database.MigrateAsync();
        return bench;
    }

    /// <summary>The log of a service that has its tables already.</summary>
    public static LogBench Open(string connectionString) => new(connectionString);

    /// <summary>A source row and its log.</summary>
    public async Task<int> AddSourceAsync(string name = "realm")
    {
        var id = (int)(await ScalarAsync(
            $"INSERT INTO source (name, kind, enabled, definition, created_at, updated_at) VALUES ('{name}', 'keycloak', true, '{{\"keycloak\":{{\"realm\":\"r\",\"baseUrl\":\"http://kc\"}}}}', now(), now()) RETURNING id"))!;
        await ScalarAsync($"INSERT INTO log_head (source_id) VALUES ({id})");
        return id;
    }

    /// <summary>A writer as another process would have it: own memory, same database.</summary>
    public EventLogWriter NewWriter(TimeProvider? time = null, EventLogSignal? signal = null, SegmentCache? cache = null) =>
        NewWriter(Database, time ?? TimeProvider.System, signal ?? new EventLogSignal(), cache ?? new SegmentCache());

    public static EventLogWriter NewWriter(NpgsqlDataSource database, TimeProvider time, EventLogSignal signal, SegmentCache cache, int maxKeys = 1_000_000, StoredCodec? codecs = null)
    {
        var partitions = new DayPartitions(database);
        var history = new LogHistory(signal, cache, partitions, [ReplayTable.Hold], new ConfigurationSignal(), NullLogger<LogHistory>.Instance);
        return new EventLogWriter(database, partitions, cache, signal, history, new AppendNotices(), time, codecs: codecs) { MaxKeys = maxKeys };
    }

    /// <summary>What another process has of this log.</summary>
    public LogProcess NewProcess() => new(ConnectionString);

    /// <summary>A reader that knows how far the log reaches and has nothing in memory.</summary>
    public async Task<EventLogReader> NewReaderAsync(int sourceId)
    {
        var signal = new EventLogSignal();
        signal.Advance(sourceId, (long)(await ScalarAsync($"SELECT next_position FROM log_head WHERE source_id = {sourceId}"))!);
        return new EventLogReader(Database, new SegmentCache(), signal);
    }

    public async Task<object?> ScalarAsync(string sql)
    {
        await using var command = Database.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }

    /// <summary>Every stored event in the order of its position, with that position.</summary>
    public async Task<List<(long Position, EventKey Key, string Body)>> ReadAllAsync(int sourceId)
    {
        var reader = await NewReaderAsync(sourceId);
        var all = new List<(long, EventKey, string)>();
        var after = 0L;
        while (await reader.HoldAsync(sourceId, after, CancellationToken.None) is { } segment)
        {
            for (var i = (int)(after + 1 - segment.FirstPosition); i < segment.Count; i++)
            {
                all.Add((segment.FirstPosition + i, segment.KeyAt(i), Encoding.UTF8.GetString(segment.RawAt(i).Span)));
            }

            after = segment.LastPosition;
        }

        return all;
    }

    public static IncomingEvent Event(Guid id, long timeMs) => new(
        timeMs,
        EventKey.FromId(Encoding.UTF8.GetBytes(id.ToString("D"))),
        null,
        Encoding.UTF8.GetBytes($$$"""{"id":"{{{id:D}}}","time":{{{timeMs}}},"type":"LOGIN","clientId":"app","details":{"username":"zoë"}}"""));

    public static LogAppend Page(int sourceId, IEnumerable<IncomingEvent> events, string? checkpoint = null) =>
        new(sourceId, EventStream.User, [.. events], checkpoint);

    public ValueTask DisposeAsync() => Database.DisposeAsync();
}
