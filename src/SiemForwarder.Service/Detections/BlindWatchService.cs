using Microsoft.Extensions.Options;
using Npgsql;
using SiemForwarder.Service.Location;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Detections;

/// <summary>Looks every few seconds which rules are blind, and writes down since when; one engine at a time.</summary>
internal sealed class BlindWatchService(
    NpgsqlDataSource database, RuleTable table, RuleShelf shelf, SeenSources sources, SentFields sent, IpLocations locations,
    IOptions<DetectionOptions> options, LoopGuard guard, TimeProvider time)
    : BackgroundService
{
    // "siemblnd" in ASCII.
    private const long LockKey = 0x7369656D626C6E64;

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
        IReadOnlyList<UnseenSpot> unseen = [];
        if (await table.FindVersionAsync(cancellationToken) is { } version)
        {
            if (known?.Version != version)
            {
                known = (version, (await shelf.ReadAsync(cancellationToken)).CompileEnabled());
            }

            spots = BlindSpots.Find(known.Value.Rules, await sources.ReadAsync(cancellationToken), locations.IsConfigured, time.GetUtcNow());
            unseen = await sent.FindAsync(known.Value.Rules, cancellationToken);
        }

        await RecordAsync(spots, cancellationToken);
        await RecordAsync(unseen, cancellationToken);
    }

    private async Task RecordAsync(IReadOnlyList<BlindSpot> spots, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("""
            WITH given AS (
                SELECT * FROM unnest($1::text[], $2::text[], $3::int[], $4::text[], $5::timestamptz[], $6::boolean[], $8::boolean[])
                    AS g (rule, file, source_id, reason, since, leaves_gap, is_partial)
            ),
            seeing AS (
                DELETE FROM detection_blind b
                WHERE NOT EXISTS (SELECT 1 FROM given g WHERE (g.rule, g.source_id) = (b.rule, b.source_id))
                RETURNING file, source_id, reason, since, leaves_gap
            ),
            past AS (
                INSERT INTO detection_blind_past (file, source_id, reason, since, until)
                SELECT DISTINCT file, source_id, reason, since, $7 FROM seeing WHERE leaves_gap
            ),
            old AS (DELETE FROM detection_blind_past WHERE until < $7 - interval '366 days')
            INSERT INTO detection_blind AS b (rule, file, source_id, reason, since, leaves_gap, is_partial)
            SELECT rule, file, source_id, reason, coalesce(since, $7), leaves_gap, is_partial FROM given
            ON CONFLICT (rule, source_id) DO UPDATE SET reason = excluded.reason, file = excluded.file, leaves_gap = excluded.leaves_gap,
                is_partial = excluded.is_partial, since = CASE WHEN b.is_partial = excluded.is_partial THEN b.since ELSE excluded.since END
                WHERE (b.reason, b.file, b.leaves_gap, b.is_partial) IS DISTINCT FROM (excluded.reason, excluded.file, excluded.leaves_gap, excluded.is_partial)
            """);
        command.Parameters.AddWithValue(spots.Select(spot => spot.Rule).ToArray());
        command.Parameters.AddWithValue(spots.Select(spot => spot.File).ToArray());
        command.Parameters.AddWithValue(spots.Select(spot => spot.SourceId).ToArray());
        command.Parameters.AddWithValue(spots.Select(spot => spot.Reason).ToArray());
        command.Parameters.AddWithValue(spots.Select(spot => spot.Since).ToArray());
        command.Parameters.AddWithValue(spots.Select(spot => spot.LeavesGap).ToArray());
        command.Parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = StoredTime.Now(time) });
        command.Parameters.AddWithValue(spots.Select(spot => spot.IsPartial).ToArray());
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    // An integration may be deleted meanwhile.
    private async Task RecordAsync(IReadOnlyList<UnseenSpot> spots, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"""
            WITH given AS (
                SELECT g.* FROM unnest($1::text[], $2::text[], $3::int[], $4::text[]) AS g (rule, file, integration_id, reason)
                WHERE EXISTS (SELECT 1 FROM {ConfigurationTables.Integrations} i WHERE i.id = g.integration_id)
            ),
            seen AS (
                DELETE FROM detection_unseen u
                WHERE NOT EXISTS (SELECT 1 FROM given g WHERE (g.rule, g.integration_id) = (u.rule, u.integration_id))
            )
            INSERT INTO detection_unseen AS u (rule, file, integration_id, reason, since) SELECT rule, file, integration_id, reason, $5 FROM given
            ON CONFLICT (rule, integration_id) DO UPDATE SET reason = excluded.reason, file = excluded.file
                WHERE (u.reason, u.file) IS DISTINCT FROM (excluded.reason, excluded.file)
            """);
        command.Parameters.AddWithValue(spots.Select(spot => spot.Rule).ToArray());
        command.Parameters.AddWithValue(spots.Select(spot => spot.File).ToArray());
        command.Parameters.AddWithValue(spots.Select(spot => spot.IntegrationId).ToArray());
        command.Parameters.AddWithValue(spots.Select(spot => spot.Reason).ToArray());
        command.Parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = StoredTime.Now(time) });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
