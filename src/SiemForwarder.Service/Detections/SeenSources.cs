using Npgsql;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Sources;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Detections;

/// <summary>Reads what sources store, how far they are read, and how far the rules have read them.</summary>
internal sealed class SeenSources(NpgsqlDataSource database, PushSilences silences, TimeProvider time)
{
    private const string SourceSql = $$"""
        SELECT s.id, s.name, s.kind = 'keycloak', s.enabled, p.failing_since, coalesce(p.auditing_off, '{}'),
            CASE WHEN jsonb_typeof(p.report #> '{auditing,storedTypes}') = 'array' THEN ARRAY(SELECT jsonb_array_elements_text(p.report #> '{auditing,storedTypes}')) END,
            (p.report #>> '{auditing,storesRepresentation}')::boolean,
            CASE WHEN s.kind = 'keycloak' AND jsonb_typeof(s.definition #> '{keycloak,streams}') = 'array'
                THEN ARRAY(SELECT jsonb_array_elements_text(s.definition #> '{keycloak,streams}')) END,
            CASE WHEN c.lost_at > $1 - interval '1 day' THEN c.lost_count ELSE 0 END,
            CASE WHEN h.next_position - 1 > coalesce(c.position, 0) THEN (
                SELECT g.received_at FROM {{LogTables.Segments}} g WHERE g.source_id = s.id AND g.last_position > coalesce(c.position, 0) ORDER BY g.last_position LIMIT 1) END,
            CASE WHEN s.kind = 'keycloak' THEN p.updated_at - make_interval(secs => p.unread_seconds) END,
            (SELECT max(to_timestamp((g ->> 'toMs')::bigint / 1000.0)) FROM jsonb_array_elements(coalesce(p.report -> 'streams', '[]')) x
                CROSS JOIN LATERAL jsonb_array_elements(coalesce(x -> 'gaps', '[]')) g WHERE (g ->> 'toMs')::bigint > extract(epoch FROM $1 - interval '1 day') * 1000),
            s.updated_at, CASE WHEN s.kind <> 'keycloak' THEN h.last_received_at END
        FROM {{ConfigurationTables.Sources}} s JOIN {{LogTables.Heads}} h ON h.source_id = s.id
        LEFT JOIN {{SourceStatusTable.Rows}} p ON p.source_id = s.id LEFT JOIN detection_checkpoint c ON c.source_id = s.id
        WHERE s.id > 0
        """;

    /// <summary>All sources as they are now.</summary>
    public async Task<IReadOnlyList<SeenSource>> ReadAsync(CancellationToken cancellationToken)
    {
        var silenceOf = await silences.ReadAsync(cancellationToken);
        await using var command = database.CreateCommand(SourceSql);
        command.Parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = time.GetUtcNow() });
        var sources = new List<SeenSource>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            sources.Add(new SeenSource(
                reader.GetInt32(0), reader.GetString(1), reader.GetBoolean(2), reader.GetBoolean(3), TimeAt(reader, 4), reader.GetFieldValue<string[]>(5),
                TextsAt(reader, 6), reader.IsDBNull(7) ? null : reader.GetBoolean(7), TextsAt(reader, 8), reader.GetInt64(9), TimeAt(reader, 10))
            {
                UnreadSince = TimeAt(reader, 11), GapAt = TimeAt(reader, 12), ChangedAt = reader.GetFieldValue<DateTimeOffset>(13),
                Silence = TimeAt(reader, 14) is { } last ? silenceOf(reader.GetInt32(0), last) : null,
            });
        }

        return sources;
    }

    private static DateTimeOffset? TimeAt(NpgsqlDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : reader.GetFieldValue<DateTimeOffset>(column);

    private static string[]? TextsAt(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetFieldValue<string[]>(column);
}
