using Microsoft.Extensions.Options;
using Npgsql;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Location;
using SiemForwarder.Service.Sources;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Detections;

/// <summary>Looks every few seconds which rules are blind, and writes down since when; one engine at a time.</summary>
internal sealed class BlindWatchService(
    NpgsqlDataSource database, RuleTable table, RuleShelf shelf, IpLocations locations, IOptions<DetectionOptions> options, LoopGuard guard, TimeProvider time)
    : BackgroundService
{
    // "siemblnd" in ASCII.
    private const long LockKey = 0x7369656D626C6E64;

    private const string SourceSql = $$"""
        SELECT s.id, s.name, s.kind = 'keycloak', s.enabled, p.failing_since, coalesce(p.auditing_off, '{}'),
            CASE WHEN jsonb_typeof(p.report #> '{auditing,storedTypes}') = 'array' THEN ARRAY(SELECT jsonb_array_elements_text(p.report #> '{auditing,storedTypes}')) END,
            (p.report #>> '{auditing,storesRepresentation}')::boolean,
            CASE WHEN s.kind = 'keycloak' AND jsonb_typeof(s.definition #> '{keycloak,streams}') = 'array'
                THEN ARRAY(SELECT jsonb_array_elements_text(s.definition #> '{keycloak,streams}')) END,
            CASE WHEN c.lost_at > $1 - interval '1 day' THEN c.lost_count ELSE 0 END,
            CASE WHEN h.next_position - 1 > coalesce(c.position, 0) THEN (
                SELECT g.received_at FROM {{LogTables.Segments}} g WHERE g.source_id = s.id AND g.last_position > coalesce(c.position, 0) ORDER BY g.last_position LIMIT 1) END
        FROM {{ConfigurationTables.Sources}} s JOIN {{LogTables.Heads}} h ON h.source_id = s.id
        LEFT JOIN {{SourceStatusTable.Rows}} p ON p.source_id = s.id LEFT JOIN detection_checkpoint c ON c.source_id = s.id
        WHERE s.id > 0
        """;

    private (int Version, RunningRules Rules)? known;

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => guard.RunAsync(
        "looks which detection rules are blind",
        LookInTurnAsync,
        token => Task.Delay(options.Value.BlindInterval, time, token),
        stoppingToken);

    /// <summary>Looks once, unless another engine is looking.</summary>
    internal async Task LookInTurnAsync(CancellationToken cancellationToken)
    {
        await using var turn = await EngineTurn.TryTakeAsync(database, LockKey, cancellationToken);
        if (turn is not null)
        {
            await LookAsync(cancellationToken);
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<BlindSpot> spots = [];
        if (await table.FindVersionAsync(cancellationToken) is { } version)
        {
            if (known?.Version != version)
            {
                known = (version, (await shelf.ReadAsync(cancellationToken)).CompileEnabled());
            }

            spots = BlindSpots.Find(known.Value.Rules, await ReadSourcesAsync(cancellationToken), locations.IsConfigured, time.GetUtcNow());
        }

        await using var command = database.CreateCommand("""
            WITH given AS (SELECT * FROM unnest($1::text[], $2::text[], $3::int[], $4::text[]) AS g (rule, file, source_id, reason)),
            seeing AS (
                DELETE FROM detection_blind b WHERE NOT EXISTS (SELECT 1 FROM given g WHERE g.rule = b.rule AND g.source_id = b.source_id)
            )
            INSERT INTO detection_blind AS b (rule, file, source_id, reason, since) SELECT rule, file, source_id, reason, $5 FROM given
            ON CONFLICT (rule, source_id) DO UPDATE SET reason = excluded.reason, file = excluded.file
                WHERE (b.reason, b.file) IS DISTINCT FROM (excluded.reason, excluded.file)
            """);
        command.Parameters.AddWithValue(spots.Select(spot => spot.Rule).ToArray());
        command.Parameters.AddWithValue(spots.Select(spot => spot.File).ToArray());
        command.Parameters.AddWithValue(spots.Select(spot => spot.SourceId).ToArray());
        command.Parameters.AddWithValue(spots.Select(spot => spot.Reason).ToArray());
        command.Parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = StoredTime.Now(time) });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task<IReadOnlyList<SeenSource>> ReadSourcesAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(SourceSql);
        command.Parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = time.GetUtcNow() });
        var sources = new List<SeenSource>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            sources.Add(new SeenSource(
                reader.GetInt32(0), reader.GetString(1), reader.GetBoolean(2), reader.GetBoolean(3), TimeAt(reader, 4), reader.GetFieldValue<string[]>(5),
                TextsAt(reader, 6), reader.IsDBNull(7) ? null : reader.GetBoolean(7), TextsAt(reader, 8), reader.GetInt64(9), TimeAt(reader, 10)));
        }

        return sources;
    }

    private static DateTimeOffset? TimeAt(NpgsqlDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : reader.GetFieldValue<DateTimeOffset>(column);

    private static string[]? TextsAt(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetFieldValue<string[]>(column);
}
