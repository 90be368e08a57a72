using Npgsql;
using SiemForwarder.Connections;
using SiemForwarder.Service.Dispatch.Delivery;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Operations;

/// <summary>A loss or rejection that is not announced in the forwarder's log yet.</summary>
/// <param name="Mark">Statement that marks the rows $1 as announced.</param>
/// <param name="Ids">Ids of the rows.</param>
internal sealed record Announcement(OperationalEvent Event, string Mark, long[] Ids);

/// <summary>Finds set-aside events, gaps and breaks that are not announced yet.</summary>
internal sealed class Announcements(NpgsqlDataSource database)
{
    private const string SetAsideSql = $"""
        SELECT i.id, i.name, max(a.set_aside_at), (array_agg(a.reason ORDER BY a.id DESC))[1], array_agg(a.id ORDER BY a.id)
        FROM {DeliveryTables.SetAside} a JOIN {ConfigurationTables.Integrations} i ON i.id = a.integration_id
        WHERE NOT a.announced AND a.source_id <> 0 GROUP BY i.id, i.name
        """;

    private const string GapSql = $"""
        SELECT coalesce(i.id, 0), coalesce(i.name, ''), max(g.noted_at), (array_agg(g.reason ORDER BY g.id DESC))[1], array_agg(g.id ORDER BY g.id),
            coalesce(s.name, d.name), sum(g.last_position - g.first_position + 1)::bigint, min(g.first_position), max(g.last_position)
        FROM {LogTables.Gaps} g LEFT JOIN {ConfigurationTables.Integrations} i ON i.id = g.integration_id LEFT JOIN {ConfigurationTables.Sources} s ON s.id = g.source_id
            LEFT JOIN {LogTables.DeletedSources} d ON d.source_id = g.source_id
        WHERE NOT g.announced AND g.source_id <> 0 GROUP BY i.id, i.name, g.source_id, s.name, d.name
        """;

    // After a delay, so that events still in memory are restored first.
    private const string BreakSql = $"""
        SELECT b.source_id, s.name, b.noticed_at, b.reason, ARRAY[b.id], b.survived_next, b.survived_at, b.known_next, b.restored
        FROM {LogTables.Breaks} b JOIN {ConfigurationTables.Sources} s ON s.id = b.source_id
        WHERE NOT b.announced AND b.source_id <> 0 AND b.noticed_at < now() - interval '10 seconds'
        """;

    public async Task<IReadOnlyList<Announcement>> FindAsync(CancellationToken cancellationToken)
    {
        var found = new List<Announcement>();
        await using (var command = database.CreateCommand(SetAsideSql))
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                found.Add(SetAside(reader));
            }
        }

        await using (var command = database.CreateCommand(GapSql))
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                found.Add(Gap(reader));
            }
        }

        await using (var command = database.CreateCommand(BreakSql))
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                found.Add(Break(reader));
            }
        }

        return found;
    }

    /// <summary>Marks rows as announced, including those about the forwarder's own events, which are never announced: that would cause the next one.</summary>
    public async Task MarkAsync(IReadOnlyList<Announcement> told, CancellationToken cancellationToken)
    {
        foreach (var mark in (string[])[DeliveryTables.MarkSetAsideTold, LogTables.MarkGapsTold, LogTables.MarkBreaksTold])
        {
            await using var command = database.CreateCommand(mark);
            command.Parameters.AddWithValue(told.Where(one => one.Mark == mark).SelectMany(one => one.Ids).ToArray());
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    private static Announcement SetAside(NpgsqlDataReader reader)
    {
        var (id, name, ids) = (reader.GetInt32(0), reader.GetString(1), reader.GetFieldValue<long[]>(4));
        return new Announcement(
            new OperationalEvent(
                OperationalEvent.SetAside, "Events set aside", false, 7, reader.GetFieldValue<DateTimeOffset>(2), $"integration:{id}", name,
                $"The destination of integration '{name}' permanently rejected {CountText.Of(ids.Length, "event")}. "
                    + $"What it rejects is set aside; delivery continues. Last reason: {reader.GetString(3)} "
                    + $"See /api/v1/integrations/{id}/set-aside, fix the cause and redrive them.",
                $"{ids[0]}-{ids[^1]}"),
            DeliveryTables.MarkSetAsideTold,
            ids);
    }

    private static Announcement Break(NpgsqlDataReader reader)
    {
        var (id, name, ids) = (reader.GetInt32(0), reader.GetString(1), reader.GetFieldValue<long[]>(4));
        var (survivedNext, restored) = (reader.GetInt64(5), reader.GetInt64(8));
        long? lost = reader.IsDBNull(7) ? null : Math.Max(0, reader.GetInt64(7) - survivedNext);
        var since = reader.IsDBNull(6) ? "its beginning" : $"{UtcText.Second(reader.GetFieldValue<DateTimeOffset>(6))} UTC";
        const string Ask = "ask the senders of pushed events to resend what they sent since.";
        var what = lost switch
        {
            0 => "No event known to an engine is lost.",
            null => $"The events received up to {since} (position {survivedNext - 1}) survived; the number of later ones is unknown. Realms are polled again "
                + $"from there; {Ask}",
            _ => $"The events received up to {since} (position {survivedNext - 1}) survived, {lost} later ones (positions {survivedNext} to "
                + $"{survivedNext + lost - 1}) were lost; {restored} of these were still in memory and are stored again. Realms are polled again from there"
                + (restored >= lost ? "." : $"; {Ask}"),
        };
        return new Announcement(
            new OperationalEvent(
                OperationalEvent.HistoryReplaced, AlarmKind.HistoryReplaced.RaisedName, lost <= restored, lost <= restored ? 4 : 9,
                reader.GetFieldValue<DateTimeOffset>(2), $"source:{id}", name, $"{reader.GetString(3)} Source '{name}': {what}", $"{ids[0]}"),
            LogTables.MarkBreaksTold,
            ids);
    }

    private static Announcement Gap(NpgsqlDataReader reader)
    {
        var (id, name, ids) = (reader.GetInt32(0), reader.GetString(1), reader.GetFieldValue<long[]>(4));
        var source = reader.IsDBNull(5) ? "deleted" : reader.GetString(5);
        return new Announcement(
            new OperationalEvent(
                OperationalEvent.Lost, "Events lost", false, 9, reader.GetFieldValue<DateTimeOffset>(2), $"integration:{id}", name,
                $"Integration '{name}' did not receive {CountText.Of(reader.GetInt64(6), "event")} of source '{source}' "
                    + $"(positions {reader.GetInt64(7)} to {reader.GetInt64(8)}) before retention dropped them. {reader.GetString(3)}",
                $"{ids[0]}-{ids[^1]}"),
            LogTables.MarkGapsTold,
            ids);
    }
}
