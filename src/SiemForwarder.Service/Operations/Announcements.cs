using Npgsql;

namespace SiemForwarder.Service.Operations;

/// <summary>A loss or a refusal that the forwarder's log has not told yet.</summary>
/// <param name="Table">Table of the rows: <c>set_aside</c> or <c>gap</c>.</param>
/// <param name="Ids">Their ids.</param>
internal sealed record Announcement(OperationalEvent Event, string Table, long[] Ids);

/// <summary>Finds events set aside and gaps that were not told yet.</summary>
internal sealed class Announcements(NpgsqlDataSource database)
{
    private const string SetAsideSql = """
        SELECT i.id, i.name, max(a.set_aside_at), (array_agg(a.reason ORDER BY a.id DESC))[1], array_agg(a.id ORDER BY a.id)
        FROM set_aside a JOIN integration i ON i.id = a.integration_id
        WHERE NOT a.announced AND a.source_id <> 0 GROUP BY i.id
        """;

    private const string GapSql = """
        SELECT coalesce(i.id, 0), coalesce(i.name, ''), max(g.noted_at), (array_agg(g.reason ORDER BY g.id DESC))[1], array_agg(g.id ORDER BY g.id),
            coalesce(s.name, d.name), sum(g.last_position - g.first_position + 1)::bigint, min(g.first_position), max(g.last_position)
        FROM gap g LEFT JOIN integration i ON i.id = g.integration_id LEFT JOIN source s ON s.id = g.source_id
            LEFT JOIN deleted_source d ON d.source_id = g.source_id
        WHERE NOT g.announced AND g.source_id <> 0 GROUP BY i.id, g.source_id, s.name, d.name
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

        return found;
    }

    /// <summary>Marks rows as told. What became of the forwarder's own events is marked too and never told: that would raise the next one.</summary>
    public async Task MarkAsync(IReadOnlyList<Announcement> told, CancellationToken cancellationToken)
    {
        foreach (var table in (string[])["set_aside", "gap"])
        {
            await using var command = database.CreateCommand(
                $"UPDATE {table} SET announced = true WHERE NOT announced AND (id = ANY ($1) OR source_id = 0)");
            command.Parameters.AddWithValue(told.Where(one => one.Table == table).SelectMany(one => one.Ids).ToArray());
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    private static Announcement SetAside(NpgsqlDataReader reader)
    {
        var (id, name, ids) = (reader.GetInt32(0), reader.GetString(1), reader.GetFieldValue<long[]>(4));
        return new Announcement(
            new OperationalEvent(
                OperationalEvent.SetAside, "Events set aside", false, 7, reader.GetFieldValue<DateTimeOffset>(2), $"integration:{id}", name,
                $"The destination of integration '{name}' refused {ids.Length} events for good; they are set aside with its answers, the rest goes on. "
                    + $"Last reason: {reader.GetString(3)} Look at /api/v1/integrations/{id}/set-aside, mend the cause and redrive them.",
                $"{ids[0]}-{ids[^1]}"),
            "set_aside",
            ids);
    }

    private static Announcement Gap(NpgsqlDataReader reader)
    {
        var (id, name, ids) = (reader.GetInt32(0), reader.GetString(1), reader.GetFieldValue<long[]>(4));
        var source = reader.IsDBNull(5) ? "deleted" : reader.GetString(5);
        return new Announcement(
            new OperationalEvent(
                OperationalEvent.Lost, "Events lost", false, 9, reader.GetFieldValue<DateTimeOffset>(2), $"integration:{id}", name,
                $"{reader.GetInt64(6)} events of source '{source}' (positions {reader.GetInt64(7)} to {reader.GetInt64(8)}) were dropped before "
                    + $"integration '{name}' got them. {reader.GetString(3)}",
                $"{ids[0]}-{ids[^1]}"),
            "gap",
            ids);
    }
}
