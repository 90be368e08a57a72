using Microsoft.Extensions.Options;
using Npgsql;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Sources;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Detections;

/// <summary>Knows how long each source of pushed events is silent now, and how long it may be.</summary>
/// <remarks>Nobody polls such a source, so only its own past tells a dead sender from one that has nothing to say.</remarks>
internal sealed class PushSilences(NpgsqlDataSource database, IOptions<DetectionOptions> options, TimeProvider time)
{
    // A source that was seen for less than that has no usual silence yet.
    private static readonly TimeSpan MinSeen = TimeSpan.FromDays(1);

    /// <summary>No source without a usual silence is taken for alive longer than that; also how far back its past is looked at.</summary>
    public static readonly TimeSpan MaxSilence = TimeSpan.FromDays(7);

    private static readonly TimeSpan MinSilence = TimeSpan.FromHours(1);
    private static readonly TimeSpan LookInterval = TimeSpan.FromMinutes(10);
    private const int MinPauses = 20;
    private const int TimesUsual = 2;

    private static readonly string PausesSql = $"""
        SELECT p.source_id, max(p.pause), count(p.pause), max(p.received_at) - min(p.received_at) FROM (
            SELECT g.source_id, g.received_at, g.received_at - lag(g.received_at) OVER (PARTITION BY g.source_id ORDER BY g.first_position) AS pause
            FROM {LogTables.Segments} g JOIN {LogTables.Heads} h ON h.source_id = g.source_id JOIN {ConfigurationTables.Sources} s ON s.id = g.source_id
            WHERE s.kind = '{SourceDefinition.HttpKind}' AND g.received_at >= h.last_received_at - $1::interval) p
        GROUP BY p.source_id
        """;

    private IReadOnlyDictionary<int, TimeSpan> usual = new Dictionary<int, TimeSpan>();
    private long? lookedAt;

    /// <summary>How long each source of pushed events may be silent; those that are missing have no usual silence yet.</summary>
    public async Task<Func<int, DateTimeOffset, PushSilence>> ReadAsync(CancellationToken cancellationToken)
    {
        if (options.Value.MaxPushSilence is { } bound)
        {
            return (_, since) => new PushSilence(since, bound, IsConfigured: true);
        }

        if (lookedAt is not { } at || time.GetElapsedTime(at) >= LookInterval)
        {
            usual = await ReadUsualAsync(cancellationToken);
            lookedAt = time.GetTimestamp();
        }

        var known = usual;
        return (source, since) => new PushSilence(since, known.TryGetValue(source, out var span) ? span : MaxSilence, IsConfigured: false);
    }

    private async Task<Dictionary<int, TimeSpan>> ReadUsualAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(PausesSql);
        command.Parameters.AddWithValue(MaxSilence);
        var found = new Dictionary<int, TimeSpan>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            if (reader.GetInt64(2) >= MinPauses && reader.GetTimeSpan(3) >= MinSeen)
            {
                var span = reader.GetTimeSpan(1) * TimesUsual;
                found[reader.GetInt32(0)] = span < MinSilence ? MinSilence : span > MaxSilence ? MaxSilence : span;
            }
        }

        return found;
    }
}
