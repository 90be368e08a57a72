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
    NpgsqlDataSource database, EventLogReader log, SourceDirectory sources, IntegrationStore integrations, DeliveryReader deliveries)
{
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
            "SELECT DISTINCT source_id, position FROM event_index WHERE event_id = $1 AND source_id IN (SELECT id FROM source)");
        command.Parameters.AddWithValue(StoredText.Of(id));
        return await ReadPlacesAsync(command, cancellationToken);
    }

    private async Task<List<(int SourceId, long Position)>> LocateAsync(EventKey key, CancellationToken cancellationToken)
    {
        var bytes = new byte[EventKey.Size];
        key.Write(bytes);
        await using (var command = database.CreateCommand(
            "SELECT DISTINCT source_id, position FROM event_index WHERE key = $1 AND source_id IN (SELECT id FROM source)"))
        {
            command.Parameters.AddWithValue(key.ToGuid());
            var found = await ReadPlacesAsync(command, cancellationToken);
            if (found.Count > 0)
            {
                return found;
            }
        }

        // Not indexed (yet): the keys stand side by side in the segments, 16 bytes each.
        await using var scan = database.CreateCommand("""
            SELECT source_id, first_position + (position($1 IN keys) - 1) / 16 FROM segment
            WHERE received_at > now() - interval '2 days' AND position($1 IN keys) % 16 = 1 AND source_id IN (SELECT id FROM source)
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
        var one = sources.Normalize(segment, source)[index];
        var fates = new List<EventFate>();
        var (all, _) = await integrations.ListAsync(null, null, 1, 1000, cancellationToken);
        foreach (var integration in all)
        {
            fates.Add(await FateAsync(integration, one, cancellationToken));
        }

        return new EventJourney(
            one.Id, source.Id, source.Name, one.Position, one.OccurredAt, segment.ReceivedAt, Encoding.UTF8.GetString(one.Raw.Span), Normalized(one), fates);
    }

    private static JsonElement Normalized(SecurityEvent one)
    {
        var bytes = new ArrayBufferWriter<byte>();
        EventFormatCatalog.Create(new OutputSettings(OutputType.Json, "native", null, int.MaxValue)).Write(one, bytes);
        using var document = JsonDocument.Parse(bytes.WrittenMemory);
        return document.RootElement.Clone();
    }

    private async Task<EventFate> FateAsync(Integration integration, SecurityEvent one, CancellationToken cancellationToken)
    {
        var definition = IntegrationDefinition.ReadKnown(integration.Definition);
        if (definition.Sources.Count > 0 && !definition.Sources.Contains(one.Source.Id))
        {
            return Fate("not selected", "The integration does not forward this source.");
        }

        var (checkpoint, start) = await ReadCheckpointAsync(integration.Id, one.Source.Id, cancellationToken);
        if (one.Position <= start)
        {
            // A backfill may have brought it all the same, or the source was forwarded once before.
            return await FindSetAsideAsync() is { } refused ? refused
                : await deliveries.FindDeliveryAsync(integration.Id, one.Source.Id, one.Position, cancellationToken) is { } earlier
                ? new EventFate(
                    integration.Id, integration.Name, integration.Enabled, "delivered",
                    $"Accepted at {earlier.DeliveredAt:O}{(earlier.Replay is { } replay ? $" by replay {replay}" : "")}: {earlier.Answer}.", earlier)
                : Fate("before start", "The event was stored before the integration was created, or before the source was added to it.");
        }

        var verdict = definition.Filter.Evaluate(one);
        if (one.Position > checkpoint)
        {
            var waits = integration.Enabled ? "Its turn will come." : "The integration is disabled.";
            return Fate("waiting", verdict.IsWanted
                ? $"{one.Position - checkpoint} events of its source are before it or are it. {waits}"
                : $"It will be left out: {verdict.Reason}");
        }

        if (await FindSetAsideAsync() is { } aside)
        {
            return aside;
        }

        return await deliveries.FindDeliveryAsync(integration.Id, one.Source.Id, one.Position, cancellationToken) switch
        {
            { } delivery => new EventFate(
                integration.Id, integration.Name, integration.Enabled, "delivered", $"Accepted at {delivery.DeliveredAt:O}: {delivery.Answer}.", delivery),
            null when verdict.IsWanted =>
                Fate("filtered out", "The filter in force at that time left it out, or the record of its delivery is past its retention."),
            null => Fate("filtered out", $"The filter left it out: {verdict.Reason}"),
        };

        async Task<EventFate?> FindSetAsideAsync() =>
            await deliveries.FindSetAsideAsync(integration.Id, one.Source.Id, one.Position, cancellationToken) is not { } setAside
                ? null
                : setAside.State switch
            {
                "delivered" => Fate("delivered", $"Set aside at first, then sent again. {setAside.Note}"),
                "discarded" => Fate("discarded", $"The destination refused it, and somebody gave it up: {setAside.Note}"),
                _ => Fate("set aside", $"The destination refuses it: {setAside.Reason}"),
            };

        EventFate Fate(string state, string explanation) => new(integration.Id, integration.Name, integration.Enabled, state, explanation, null);
    }

    private async Task<(long Position, long Start)> ReadCheckpointAsync(int integrationId, int sourceId, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            "SELECT position, start_position FROM integration_checkpoint WHERE integration_id = $1 AND source_id = $2");
        command.Parameters.AddWithValue(integrationId);
        command.Parameters.AddWithValue(sourceId);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? (reader.GetInt64(0), reader.GetInt64(1)) : (0, 0);
    }
}
