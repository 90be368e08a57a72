using System.Diagnostics;
using Microsoft.Extensions.Options;
using Npgsql;
using NpgsqlTypes;
using SiemForwarder.Events;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.EventLog;

/// <summary>Fills the event index behind the log, by COPY, so that events can be searched; deliveries never wait for it.</summary>
internal sealed class EventIndexService(
    NpgsqlDataSource database, EventLogReader log, EventLogSignal signal, SourceDirectory sources, DayPartitions partitions,
    IOptions<EventLogOptions> options, TimeProvider time, ILogger<EventIndexService> logger) : BackgroundService
{
    // A narrow row stays narrow.
    private const int MaxTextCharacters = 255;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (options.Value.IndexEnabled && !stoppingToken.IsCancellationRequested)
        {
            var grown = signal.Grown;
            try
            {
                while (await IndexOnceAsync(stoppingToken))
                {
                }
            }
            catch (Exception exception) when (DatabaseFault.IsPassing(exception))
            {
                logger.LogWarning("The event index cannot be filled: {Reason}. Trying again in {Delay}.", exception.Message, Interval);
                grown = Task.Delay(Interval, time, stoppingToken);
            }

            await Task.WhenAny(grown, Task.Delay(Interval, time, stoppingToken));
        }
    }

    /// <summary>Indexes one segment of every log that has one; false where all are indexed.</summary>
    private async Task<bool> IndexOnceAsync(CancellationToken cancellationToken)
    {
        var any = false;
        foreach (var (sourceId, position) in await ReadCheckpointsAsync(cancellationToken))
        {
            if (await log.ReadAsync(sourceId, position, cancellationToken) is { } segment)
            {
                var start = Stopwatch.GetTimestamp();
                await IndexAsync(segment, position, cancellationToken);
                any = true;
                // Half of the time is left to the deliveries: search may lag, they may not.
                await Task.Delay(Stopwatch.GetElapsedTime(start), time, cancellationToken);
            }
        }

        return any;
    }

    private async Task<List<(int SourceId, long Position)>> ReadCheckpointsAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("""
            SELECT h.source_id, coalesce(c.position, 0) FROM log_head h LEFT JOIN index_checkpoint c USING (source_id)
            WHERE h.next_position - 1 > coalesce(c.position, 0)
            """);
        var checkpoints = new List<(int, long)>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            checkpoints.Add((reader.GetInt32(0), reader.GetInt64(1)));
        }

        return checkpoints;
    }

    private async Task IndexAsync(LogSegment segment, long afterPosition, CancellationToken cancellationToken)
    {
        var events = sources.Normalize(segment, await sources.GetAsync(segment.SourceId, cancellationToken));
        await partitions.EnsureAsync(segment.ReceivedAt, cancellationToken);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var move = new NpgsqlCommand("""
            WITH existing AS (SELECT id FROM source WHERE id = $1 FOR KEY SHARE)
            INSERT INTO index_checkpoint AS c (source_id, position) SELECT id, $3 FROM existing
            ON CONFLICT (source_id) DO UPDATE SET position = $3 WHERE c.position = $2
            """, connection, transaction);
        move.Parameters.AddWithValue(segment.SourceId);
        move.Parameters.AddWithValue(afterPosition);
        move.Parameters.AddWithValue(segment.LastPosition);
        if (await move.ExecuteNonQueryAsync(cancellationToken) == 0)
        {
            // Another engine was here first, or the source was deleted.
            return;
        }

        await using (var import = await connection.BeginBinaryImportAsync("""
            COPY event_index (received_at, occurred_at, source_id, position, key, outcome, severity, type, category, user_id, user_name, client_id, ip, event_id)
            FROM STDIN (FORMAT BINARY)
            """, cancellationToken))
        {
            foreach (var one in events)
            {
                if (one.Position > afterPosition)
                {
                    await WriteRowAsync(import, segment, one, cancellationToken);
                }
            }

            await import.CompleteAsync(cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
    }

    private static async Task WriteRowAsync(NpgsqlBinaryImporter import, LogSegment segment, SecurityEvent one, CancellationToken cancellationToken)
    {
        var key = segment.KeyAt((int)(one.Position - segment.FirstPosition));
        await import.StartRowAsync(cancellationToken);
        await import.WriteAsync(segment.ReceivedAt, NpgsqlDbType.TimestampTz, cancellationToken);
        await import.WriteAsync(one.OccurredAt, NpgsqlDbType.TimestampTz, cancellationToken);
        await import.WriteAsync(segment.SourceId, NpgsqlDbType.Integer, cancellationToken);
        await import.WriteAsync(one.Position, NpgsqlDbType.Bigint, cancellationToken);
        await import.WriteAsync(key.ToGuid(), NpgsqlDbType.Uuid, cancellationToken);
        await import.WriteAsync((short)one.Outcome, NpgsqlDbType.Smallint, cancellationToken);
        await import.WriteAsync((short)one.Severity, NpgsqlDbType.Smallint, cancellationToken);
        await import.WriteAsync(StoredText.Of(one.Type, MaxTextCharacters), NpgsqlDbType.Text, cancellationToken);
        await import.WriteAsync(StoredText.Of(one.Description.Category, MaxTextCharacters), NpgsqlDbType.Text, cancellationToken);
        var id = one.Id == key.ToString() ? null : one.Id;
        foreach (var text in (string?[])[one.Subject?.Id ?? one.Actor?.Id, one.Subject?.Name ?? one.Actor?.Name, one.ClientId, one.IpAddress, id])
        {
            await import.WriteAsync(StoredText.Of(text, MaxTextCharacters), NpgsqlDbType.Text, cancellationToken);
        }
    }
}
