using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Npgsql;
using NpgsqlTypes;
using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Events;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Dispatch.Delivery;

/// <summary>The record of a finished batch.</summary>
/// <param name="SourceId">Log of the events.</param>
/// <param name="AfterPosition">Previous checkpoint; the move is refused if another engine has moved it meanwhile.</param>
/// <param name="LastPosition">New checkpoint.</param>
/// <param name="EventCount">Number of accepted events; 0 if the filter excluded all.</param>
/// <param name="ByteCount">Their formatted size in bytes.</param>
/// <param name="Hash">SHA-256 of those bytes.</param>
/// <param name="Attempts">Attempts until it was accepted.</param>
/// <param name="Answer">The response of the destination.</param>
/// <param name="Filtered">Positions excluded by the filter.</param>
/// <param name="Incarnation">History of the log that the events were read in; nothing is recorded under another one.</param>
/// <param name="SetAside">Permanently rejected events of the batch.</param>
/// <param name="TookAny">Whether the destination has accepted any event of the batch so far; null if it has not and parts remain to be sent.</param>
internal sealed record DeliveryRecord(
    int SourceId, long AfterPosition, long LastPosition, int EventCount, long ByteCount, byte[] Hash, int Attempts, string Answer,
    NpgsqlRange<long>[]? Filtered, long Incarnation, IReadOnlyList<RefusedEvent> SetAside, bool? TookAny)
{
    /// <summary>The record of a part of a run.</summary>
    public static DeliveryRecord Of(AssembledBatch run, Settlement.PartDone end) => new(
        run.SourceId, end.AfterPosition, end.LastPosition, end.AcceptedCount, end.Slice.Bytes.Length, SHA256.HashData(end.Slice.Bytes.Span), end.Attempts,
        end.Answer, PassedOver(end.AfterPosition, end.LastPosition, end.Slice.Events), run.Incarnation, end.Refused, end.TookAny);

    /// <summary>The status message about rejected events; null if there are none.</summary>
    public string? DescribeRefusals(int integrationId) => SetAside.Count == 0 ? null
        : $"The destination permanently rejected {CountText.Of(SetAside.Count, "event")}"
            + $"{(TookAny == true ? "" : " and accepted none of the batch")}: {SetAside[^1].Reason} Rejected events are set aside, not retried. "
            + $"See /api/v1/integrations/{integrationId}/set-aside, fix the cause, then redrive or discard them.";

    /// <summary>The runs of positions in (after, last] without an event, because the filter excluded them; null if there are none.</summary>
    public static NpgsqlRange<long>[]? PassedOver(long afterPosition, long lastPosition, ReadOnlySpan<SecurityEvent> events)
    {
        List<NpgsqlRange<long>>? ranges = null;
        var expected = afterPosition + 1;
        foreach (var one in events)
        {
            Add(expected, one.Position - 1);
            expected = one.Position + 1;
        }

        Add(expected, lastPosition);
        return ranges?.ToArray();

        void Add(long first, long last)
        {
            if (first <= last)
            {
                (ranges ??= []).Add(new NpgsqlRange<long>(first, true, last, true));
            }
        }
    }
}

/// <summary>A permanently rejected event, with its exact bytes and the response.</summary>
internal sealed record RefusedEvent(SecurityEvent Event, byte[] Bytes, string Reason, string Answer)
{
    /// <summary>The rejected event at an index of a batch.</summary>
    public static RefusedEvent Of(DeliveryBatch batch, int index, string reason, string answer) =>
        new(batch.Events[index], batch[index].ToArray(), reason, answer);
}

/// <summary>A failure to show in the status.</summary>
internal sealed record DeliveryError(ErrorCategory Category, string Message, DateTimeOffset NextAttemptAt);

/// <summary>The single statement that records an accepted batch: checkpoint, delivery, set-aside events and status, together or not at all.</summary>
internal static class DeliveryStatement
{
    private const string Delivered = $$"""
        WITH held AS (
            SELECT 1 FROM {{LeaseTable.Leases}} l WHERE kind = 'integration' AND resource_id = $1 AND engine = $12 AND fence = $20
                AND EXISTS (SELECT 1 FROM {{LogTables.Heads}} h WHERE source_id = $2 AND incarnation = $23 AND next_position > $4) FOR SHARE
        ), moved AS (
            {0}
        ), delivered AS (
            INSERT INTO delivery (integration_id, source_id, first_position, last_position, event_count, byte_count, sha256, attempts, answer, filtered, delivered_at, replay_id)
            SELECT $1, $2, $3 + 1, $4, $5, $6, $7, $8, $9, $10, $11, $21 FROM moved WHERE $5 > 0
        ), status AS (
            {1}
        ), refused AS (
            INSERT INTO set_aside (integration_id, source_id, position, event_id, event_type, occurred_at, bytes, reason, answer, set_aside_at, mapping_version)
            SELECT $1, $2, r.position, r.event_id, r.event_type, r.occurred_at, r.bytes, r.reason, r.answer, $11, $22
            FROM moved, unnest($13::bigint[], $14::text[], $15::text[], $16::timestamptz[], $17::bytea[], $18::text[], $19::text[])
                AS r (position, event_id, event_type, occurred_at, bytes, reason, answer)
            ON CONFLICT (integration_id, source_id, position) DO NOTHING
        )
        SELECT count(*) FROM moved
        """;

    private static readonly CompositeFormat Statement = CompositeFormat.Parse(Delivered);

    // There are two: one of live lanes, one of replays.
    private static readonly ConcurrentDictionary<(string Moved, string Status), string> Statements = new();

    /// <summary>Creates the statement.</summary>
    /// <param name="database">The database.</param>
    /// <param name="moved">Moves the checkpoint from $3 to $4 for the holder of the lease; returns a row if it did.</param>
    /// <param name="status">Updates the status if the checkpoint moved.</param>
    /// <param name="integrationId">The integration.</param>
    /// <param name="record">The outcome of the batch.</param>
    /// <param name="now">The current time.</param>
    /// <param name="engine">Name of this engine.</param>
    /// <param name="fence">Number of its lease.</param>
    /// <param name="replayId">The replay that the batch belongs to; null for live traffic.</param>
    public static NpgsqlCommand Create(
        NpgsqlDataSource database, string moved, string status, int integrationId, DeliveryRecord record, DateTimeOffset now, string engine, long fence,
        long? replayId)
    {
        var command = database.CreateCommand(
            Statements.GetOrAdd((moved, status), static of => string.Format(CultureInfo.InvariantCulture, Statement, of.Moved, of.Status)));
        var parameters = command.Parameters;
        parameters.Add(new NpgsqlParameter<int> { TypedValue = integrationId });
        parameters.Add(new NpgsqlParameter<int> { TypedValue = record.SourceId });
        parameters.Add(new NpgsqlParameter<long> { TypedValue = record.AfterPosition });
        parameters.Add(new NpgsqlParameter<long> { TypedValue = record.LastPosition });
        parameters.Add(new NpgsqlParameter<int> { TypedValue = record.EventCount });
        parameters.Add(new NpgsqlParameter<long> { TypedValue = record.ByteCount });
        parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = record.Hash });
        parameters.Add(new NpgsqlParameter<int> { TypedValue = record.Attempts });
        parameters.Add(new NpgsqlParameter<string> { TypedValue = StoredText.Of(record.Answer) });
        parameters.Add(new NpgsqlParameter { Value = (object?)record.Filtered ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.BigIntMultirange });
        parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = now });
        parameters.Add(new NpgsqlParameter<string> { TypedValue = engine });
        parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. record.SetAside.Select(one => one.Event.Position)] });
        parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. record.SetAside.Select(one => StoredText.Of(one.Event.Id))] });
        parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. record.SetAside.Select(one => StoredText.Of(one.Event.Type))] });
        parameters.Add(new NpgsqlParameter<DateTimeOffset[]> { TypedValue = [.. record.SetAside.Select(one => one.Event.OccurredAt)] });
        parameters.Add(new NpgsqlParameter<byte[][]> { TypedValue = [.. record.SetAside.Select(one => one.Bytes)] });
        parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. record.SetAside.Select(one => StoredText.Of(one.Reason))] });
        parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. record.SetAside.Select(one => StoredText.Of(one.Answer))] });
        parameters.Add(new NpgsqlParameter<long> { TypedValue = fence });
        parameters.Add(new NpgsqlParameter { Value = (object?)replayId ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Bigint });
        parameters.Add(new NpgsqlParameter<int> { TypedValue = EventNormalizer.MappingVersion });
        parameters.Add(new NpgsqlParameter<long> { TypedValue = record.Incarnation });
        parameters.Add(new NpgsqlParameter
        {
            Value = record.DescribeRefusals(integrationId) is { } refusals ? StoredText.Of(refusals) : DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text,
        });
        parameters.Add(new NpgsqlParameter { Value = (object?)record.TookAny ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Boolean });
        return command;
    }

    /// <summary>Executes it; false if the checkpoint was not this engine's to move, in which case nothing was recorded.</summary>
    public static async Task<bool> ExecuteAsync(NpgsqlCommand command, CancellationToken cancellationToken) =>
        Convert.ToInt64(await command.ExecuteScalarAsync(cancellationToken), CultureInfo.InvariantCulture) == 1;
}
