using System.Buffers;
using System.Text;
using System.Text.Json;
using Npgsql;
using SiemForwarder.Events;
using SiemForwarder.Events.Formats;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Integrations;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Evidence;

/// <summary>Shows how an event was received and its outcome at each integration.</summary>
internal sealed class EventJourneys(
    NpgsqlDataSource database, EventLogReader log, SourceDirectory sources, SegmentNormalizer normalizer, IntegrationStore integrations,
    DeliveryReader deliveries)
{
    private const string PlacesSql = $"SELECT DISTINCT source_id, position FROM {LogTables.IndexedEvents} e";

    /// <summary>The journeys of all stored events with an id (more than one only if several sources have it); empty if it is not stored.</summary>
    public async Task<IReadOnlyList<EventJourney>> FindAsync(string eventId, CancellationToken cancellationToken)
    {
        var journeys = new List<EventJourney>();
        foreach (var (sourceId, position) in await LocateAsync(eventId, cancellationToken))
        {
            if (await log.FindAsync(sourceId, position, cancellationToken) is { } segment)
            {
                journeys.Add(await TellAsync(segment, (int)(position - segment.FirstPosition), cancellationToken));
            }
        }

        return journeys;
    }

    /// <summary>The positions of an id as given, otherwise as decoded from a URL or trimmed from copied text.</summary>
    private async Task<List<(int SourceId, long Position)>> LocateAsync(string eventId, CancellationToken cancellationToken)
    {
        // Slashes stay escaped in the path of a request.
        foreach (var id in new[] { eventId, Uri.UnescapeDataString(eventId), eventId.Trim() }.Distinct())
        {
            var found = id.Contains('\uFFFD', StringComparison.Ordinal)
                ? await LocateByTextAsync(id, cancellationToken)
                : await LocateAsync(EventKey.FromId(Encoding.UTF8.GetBytes(id)), cancellationToken);
            if (found.Count > 0)
            {
                return found;
            }
        }

        return [];
    }

    /// <summary>An id that was not text has a key derived from the content, so it is only searched in the index.</summary>
    private async Task<List<(int SourceId, long Position)>> LocateByTextAsync(string id, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            $"{PlacesSql} WHERE event_id = $1 AND source_id IN (SELECT id FROM {ConfigurationTables.Sources} s)");
        command.Parameters.AddWithValue(StoredText.Of(id));
        return await ReadPlacesAsync(command, cancellationToken);
    }

    private async Task<List<(int SourceId, long Position)>> LocateAsync(EventKey key, CancellationToken cancellationToken)
    {
        var bytes = new byte[EventKey.Size];
        key.Write(bytes);
        await using (var command = database.CreateCommand(
            $"{PlacesSql} WHERE key = $1 AND source_id IN (SELECT id FROM {ConfigurationTables.Sources} s)"))
        {
            command.Parameters.AddWithValue(key.ToGuid());
            var found = await ReadPlacesAsync(command, cancellationToken);
            if (found.Count > 0)
            {
                return found;
            }
        }

        // Not indexed yet, or at all: the keys are concatenated in the segments, 16 bytes each.
        await using var scan = database.CreateCommand($"""
            SELECT source_id, first_position + (position($1 IN keys) - 1) / 16 FROM {LogTables.Segments} p
            WHERE received_at > now() - interval '2 days' AND position($1 IN keys) % 16 = 1 AND source_id IN (SELECT id FROM {ConfigurationTables.Sources} s)
            """);
        scan.Parameters.AddWithValue(bytes);
        return await ReadPlacesAsync(scan, cancellationToken);
    }

    private static async Task<List<(int SourceId, long Position)>> ReadPlacesAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        var places = new List<(int, long)>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            places.Add((reader.GetInt32(0), reader.GetInt64(1)));
        }

        return places;
    }

    private async Task<EventJourney> TellAsync(LogSegment segment, int index, CancellationToken cancellationToken)
    {
        var source = await sources.GetAsync(segment.SourceId, cancellationToken);
        var one = normalizer.NormalizeOne(segment, index, source);
        return new EventJourney(
            one.Id, source.Id, source.Name, one.Position, one.OccurredAt, segment.ReceivedAt, AsSent(one), Normalized(one),
            await TellFatesAsync(one, cancellationToken));
    }

    // The log stores exactly what the source sent; what people see has secrets masked, like every delivery.
    private static string AsSent(SecurityEvent one) => Encoding.UTF8.GetString(Write(one, "raw").Span);

    private static JsonElement Normalized(SecurityEvent one)
    {
        using var document = JsonDocument.Parse(Write(one, "native"));
        return document.RootElement.Clone();
    }

    private static ReadOnlyMemory<byte> Write(SecurityEvent one, string schema)
    {
        var bytes = new ArrayBufferWriter<byte>();
        var settings = new OutputSettings(OutputType.Json, schema, null, int.MaxValue) { IncludeRepresentation = true };
        EventFormatCatalog.Create(settings).Write(one, bytes);
        return bytes.WrittenMemory;
    }

    // A fixed number of statements, however many integrations there are.
    private async Task<IReadOnlyList<EventFate>> TellFatesAsync(SecurityEvent one, CancellationToken cancellationToken)
    {
        var checkpoints = await ReadCheckpointsAsync(one.Source.Id, cancellationToken);
        var rules = (await integrations.ListAllAsync(cancellationToken))
            .Select(integration => (integration.Id, Rules: new FateRules(integration, one, checkpoints.GetValueOrDefault(integration.Id)))).ToList();
        int[] asked = [.. rules.Where(each => each.Rules.AsksForRecords).Select(each => each.Id)];
        var setAside = await deliveries.FindSetAsideAsync(asked, one.Source.Id, one.Position, cancellationToken);
        var sent = await deliveries.FindDeliveriesAsync([.. asked.Where(id => !setAside.ContainsKey(id))], one.Source.Id, one.Position, cancellationToken);
        return [.. rules.Select(each => each.Rules.Tell(setAside.GetValueOrDefault(each.Id), sent.GetValueOrDefault(each.Id)))];
    }

    private async Task<Dictionary<int, FateCheckpoint>> ReadCheckpointsAsync(int sourceId, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            $"SELECT integration_id, position, start_position FROM {LogTables.Checkpoints} c WHERE source_id = $1");
        command.Parameters.AddWithValue(sourceId);
        var checkpoints = new Dictionary<int, FateCheckpoint>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            checkpoints[reader.GetInt32(0)] = new FateCheckpoint(reader.GetInt64(1), reader.GetInt64(2));
        }

        return checkpoints;
    }
}
