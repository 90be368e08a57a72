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

/// <summary>Tells of one event how it came in and what became of it at each integration.</summary>
internal sealed class EventJourneys(
    NpgsqlDataSource database, EventLogReader log, SourceDirectory sources, SegmentNormalizer normalizer, IntegrationStore integrations,
    DeliveryReader deliveries)
{
    private const string PlacesSql = $"SELECT DISTINCT source_id, position FROM {LogTables.IndexedEvents} e";

    /// <summary>The journeys of all stored events of an id (more than one only where sources share it); empty where it is not stored.</summary>
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

    /// <summary>The places of an id as it was sent; else of what a URL or a copied text made of it.</summary>
    private async Task<List<(int SourceId, long Position)>> LocateAsync(string eventId, CancellationToken cancellationToken)
    {
        // A slash stays escaped in the path of a request.
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

    /// <summary>The key of an id that was no text is made of the content, so it is looked for in the index alone.</summary>
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

        // Not indexed (yet): the keys stand side by side in the segments, 16 bytes each.
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
        var one = normalizer.Normalize(segment, source)[index];
        var fates = new List<EventFate>();
        var (all, _) = await integrations.ListAsync(null, null, 1, 1000, cancellationToken);
        foreach (var integration in all)
        {
            fates.Add(await FateAsync(integration, one, cancellationToken));
        }

        return new EventJourney(
            one.Id, source.Id, source.Name, one.Position, one.OccurredAt, segment.ReceivedAt, AsSent(one), Normalized(one), fates);
    }

    // What is stored is the source's own; what people read of it has its secrets masked, as every delivery.
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

    private async Task<EventFate> FateAsync(Integration integration, SecurityEvent one, CancellationToken cancellationToken)
    {
        var settings = IntegrationSettings.ReadKnown(integration.Definition);
        var checkpoint = FateRules.IsSelected(settings, one)
            ? await ReadCheckpointAsync(integration.Id, one.Source.Id, cancellationToken) : default;
        var rules = new FateRules(integration, settings, one, checkpoint);
        var setAside = rules.AsksForRecords
            ? await deliveries.FindSetAsideAsync(integration.Id, one.Source.Id, one.Position, cancellationToken) : null;
        var delivery = rules.AsksForRecords && setAside is null
            ? await deliveries.FindDeliveryAsync(integration.Id, one.Source.Id, one.Position, cancellationToken) : null;
        return rules.Tell(setAside, delivery);
    }

    private async Task<FateCheckpoint> ReadCheckpointAsync(int integrationId, int sourceId, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            $"SELECT position, start_position FROM {LogTables.Checkpoints} c WHERE integration_id = $1 AND source_id = $2");
        command.Parameters.AddWithValue(integrationId);
        command.Parameters.AddWithValue(sourceId);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? new FateCheckpoint(reader.GetInt64(0), reader.GetInt64(1)) : default;
    }
}
