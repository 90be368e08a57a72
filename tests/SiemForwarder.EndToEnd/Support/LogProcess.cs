using Microsoft.Extensions.Logging.Abstractions;
using SiemForwarder.Service.Dispatch.Replays;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.EndToEnd.Support;

/// <summary>What one process has of the event log: connections, memory, writer and reader of its own.</summary>
internal sealed class LogProcess : IAsyncDisposable
{
    public LogProcess(string connectionString, DatabaseOptions? options = null)
    {
        Connections = new DatabaseConnections(connectionString, options ?? new DatabaseOptions { MaxConnections = 8 }, TimeProvider.System);
        Partitions = new DayPartitions(Connections.Vital);
        History = new LogHistory(Signal, Cache, Partitions, [ReplayTable.Hold], new ConfigurationSignal(), NullLogger<LogHistory>.Instance);
        Connections.Connected = connection => History.VerifyAsync(connection, CancellationToken.None);
        Writer = new EventLogWriter(Connections.Vital, Partitions, Cache, Signal, History, Notices, TimeProvider.System, Connections);
        Reader = new EventLogReader(Connections.Shared, Cache, Signal);
        Guard = new LoopGuard(Connections, TimeProvider.System, NullLogger<LoopGuard>.Instance);
    }

    public DatabaseConnections Connections { get; }

    public EventLogSignal Signal { get; } = new();

    public SegmentCache Cache { get; } = new();

    public DayPartitions Partitions { get; }

    public LogHistory History { get; }

    public AppendNotices Notices { get; } = new();

    public EventLogWriter Writer { get; }

    public EventLogReader Reader { get; }

    public LoopGuard Guard { get; }

    public EventLogListenService NewListener() =>
        new(Connections, History, Signal, new ConfigurationSignal(), Guard, TimeProvider.System, NullLogger<EventLogListenService>.Instance);

    public LostTailService NewLostTailService() =>
        new(Connections, History, Writer, Guard, TimeProvider.System, NullLogger<LostTailService>.Instance);

    /// <summary>The ids of everything that this process reads after a position, in order.</summary>
    public async Task<List<string>> ReadIdsAsync(int sourceId, long after, CancellationToken cancellationToken)
    {
        var ids = new List<string>();
        while (await Reader.HoldAsync(sourceId, after, cancellationToken) is { } segment)
        {
            for (var i = (int)(after + 1 - segment.FirstPosition); i < segment.Count; i++)
            {
                ids.Add(segment.KeyAt(i).ToString());
            }

            after = segment.LastPosition;
        }

        return ids;
    }

    public async ValueTask DisposeAsync()
    {
        await Connections.DisposeAsync();
        History.Dispose();
    }
}
