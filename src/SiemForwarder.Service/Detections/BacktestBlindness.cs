using System.Globalization;
using Npgsql;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Location;
using SiemForwarder.Service.Sources;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Detections;

/// <summary>Finds the parts of a range of which the log does not hold what rules are for.</summary>
/// <remarks>Events that were dropped, that Keycloak never stored or cannot read, or that are not read yet.</remarks>
internal sealed class BacktestBlindness(
    NpgsqlDataSource database, SeenSources seen, SentFields sent, SourceDirectory sources, SegmentNormalizer normalizer, IpLocations locations,
    TimeProvider time)
{
    // Auditing that was switched off so long before the range is found if it was off at its beginning.
    private static readonly TimeSpan WitnessReach = TimeSpan.FromDays(30);

    private const string GapSql = $"""
        SELECT s.id, s.name, (g ->> 'fromMs')::bigint, (g ->> 'toMs')::bigint, (g ->> 'rows')::bigint
        FROM {ConfigurationTables.Sources} s JOIN {SourceStatusTable.Rows} p ON p.source_id = s.id
        CROSS JOIN LATERAL jsonb_array_elements(coalesce(p.report -> 'streams', '[]')) x CROSS JOIN LATERAL jsonb_array_elements(coalesce(x -> 'gaps', '[]')) g
        WHERE (g ->> 'toMs')::bigint >= $1 AND (g ->> 'fromMs')::bigint < $2
        """;

    private const string DroppedSql = $"""
        SELECT s.id, s.name, min(g.lowest_at) FROM {LogTables.Segments} g JOIN {ConfigurationTables.Sources} s ON s.id = g.source_id
        WHERE s.id > 0 GROUP BY s.id, s.name HAVING min(g.first_position) > 1 AND min(g.lowest_at) > $1
        """;

    /// <summary>The blind parts, by their beginning.</summary>
    /// <param name="rules">The rules of the file, and those beside which it runs.</param>
    /// <param name="file">The file.</param>
    /// <param name="log">The log that is followed.</param>
    /// <param name="range">What is followed of it.</param>
    /// <param name="cancellationToken">Cancels the attempt.</param>
    public async Task<IReadOnlyList<BacktestBlindPart>> FindAsync(
        RunningRules rules, string file, IEventLog log, BacktestRange range, CancellationToken cancellationToken)
    {
        var parts = new List<BacktestBlindPart>();
        await AddStoredAsync(parts, range, cancellationToken);
        var read = await seen.ReadAsync(cancellationToken);
        // A backtest reads what is stored, also of sources that are off, and what the reader of the running rules missed.
        var asIs = read.Select(source => source with
        {
            Enabled = true, FailingSince = null, Off = [], LostCount = 0, BehindSince = null, GapAt = null, UnreadSince = null, Silence = null,
        }).ToList();
        var spots = BlindSpots.Find(rules, asIs, locations.IsConfigured, time.GetUtcNow()).Where(spot => spot.File == file);
        parts.AddRange(
            spots.DistinctBy(spot => (spot.SourceId, spot.Reason)).Select(spot => new BacktestBlindPart(spot.SourceId, range.From, range.To, spot.Reason)));
        var unseen = (await sent.FindAsync(rules, cancellationToken)).Where(spot => spot.File == file).Select(spot => spot.Reason).Distinct();
        parts.AddRange(unseen.Select(reason => new BacktestBlindPart(0, range.From, range.To, reason)));
        var mine = rules.Reported.Where(rule => rule.File == file).Select(rule => rules.Reaches[rule.Head.Key]).ToList();
        foreach (var source in read.Where(source => mine.Exists(reach => reach.Reads(source))))
        {
            AddUnread(parts, range, source);
        }

        await AddPastAsync(parts, range, file, cancellationToken);

        foreach (var (subject, from, to, name) in await ReadAuditingOffAsync(log, range, cancellationToken))
        {
            Add(parts, range, subject, from, to, $"Keycloak did not store all events of source '{name}': auditing was switched off.");
        }

        return [.. parts.OrderBy(part => part.From).ThenBy(part => part.Source)];
    }

    private void AddUnread(List<BacktestBlindPart> parts, BacktestRange range, SeenSource source)
    {
        var now = time.GetUtcNow();
        if (!source.Enabled)
        {
            var since = source.NotReadSince ?? source.ChangedAt;
            Add(parts, range, source.Id, since, range.To, $"Source '{source.Name}' is disabled, so its events since then are not in the log.");
        }
        else if (source.FailingSince is not null || source.UnreadSince < now - BlindSpots.MaxUnread)
        {
            Add(parts, range, source.Id, source.NotReadSince!.Value, range.To, $"Source '{source.Name}' is not read up to now; see its status.");
        }
        else if (source.Silence is { } silence && now - silence.Since > silence.Bound)
        {
            Add(parts, range, source.Id, silence.Since, range.To, $"Nobody has pushed events to source '{source.Name}' since then; check their sender.");
        }
    }

    // What made the rules blind at the time, as they were watched then.
    private async Task AddPastAsync(List<BacktestBlindPart> parts, BacktestRange range, string file, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            "SELECT DISTINCT source_id, since, until, reason FROM detection_blind_past WHERE file = $1 AND until > $2 AND since < $3");
        command.Parameters.AddWithValue(file);
        command.Parameters.AddWithValue(range.From.ToUniversalTime());
        command.Parameters.AddWithValue(range.To.ToUniversalTime());
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            Add(parts, range, reader.GetInt32(0), reader.GetFieldValue<DateTimeOffset>(1), reader.GetFieldValue<DateTimeOffset>(2),
                $"The rules were blind then: {reader.GetString(3)}");
        }
    }

    private static void Add(List<BacktestBlindPart> parts, BacktestRange range, int source, DateTimeOffset from, DateTimeOffset to, string reason)
    {
        var (begin, end) = (from < range.From ? range.From : from, to > range.To ? range.To : to);
        if (begin < end)
        {
            parts.Add(new BacktestBlindPart(source, begin, end, reason));
        }
    }

    private async Task AddStoredAsync(List<BacktestBlindPart> parts, BacktestRange range, CancellationToken cancellationToken)
    {
        await using (var command = database.CreateCommand(DroppedSql))
        {
            command.Parameters.AddWithValue(range.From.ToUnixTimeMilliseconds());
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                Add(parts, range, reader.GetInt32(0), range.From, At(reader, 2), $"Older events of source '{reader.GetString(1)}' are no longer in the log.");
            }
        }

        await using (var command = database.CreateCommand(GapSql))
        {
            command.Parameters.AddWithValue(range.From.ToUnixTimeMilliseconds());
            command.Parameters.AddWithValue(range.To.ToUnixTimeMilliseconds());
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                // Both ends belong to a gap, which may be of one millisecond.
                Add(parts, range, reader.GetInt32(0), At(reader, 2), At(reader, 3).AddMilliseconds(1),
                    $"Keycloak could not read {reader.GetInt64(4)} of its events of source '{reader.GetString(1)}'; they are missing.");
            }
        }
    }

    // The forwarder has written down itself when auditing was switched off and on.
    private async Task<List<(int Source, DateTimeOffset From, DateTimeOffset To, string Name)>> ReadAuditingOffAsync(
        IEventLog log, BacktestRange range, CancellationToken cancellationToken)
    {
        var open = new Dictionary<string, (DateTimeOffset At, string Name)>(StringComparer.Ordinal);
        var parts = new List<(int, DateTimeOffset, DateTimeOffset, string)>();
        var own = await sources.GetAsync(ForwarderWitness.SourceId, cancellationToken);
        var position = await FindFirstAsync(range.From - WitnessReach, cancellationToken);
        while (await log.HoldAsync(ForwarderWitness.SourceId, position, cancellationToken) is { } segment)
        {
            foreach (var one in normalizer.Normalize(segment, own))
            {
                if (one.Type == ForwarderWitness.AuditingOff && one.Subject?.Id is { } off)
                {
                    open[off] = (one.OccurredAt, one.Subject.Name ?? off);
                }
                else if (one.Type == ForwarderWitness.AuditingOn && one.Subject?.Id is { } on && open.Remove(on, out var since))
                {
                    parts.Add((SourceOf(on), since.At, one.OccurredAt, since.Name));
                }
            }

            position = segment.LastPosition;
        }

        parts.AddRange(open.Select(one => (SourceOf(one.Key), one.Value.At, DateTimeOffset.MaxValue, one.Value.Name)));
        return parts;
    }

    private async Task<long> FindFirstAsync(DateTimeOffset from, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            $"SELECT coalesce(min(first_position), 1) - 1 FROM {LogTables.Segments} s WHERE source_id = $1 AND highest_at >= $2");
        command.Parameters.AddWithValue(ForwarderWitness.SourceId);
        command.Parameters.AddWithValue(from.ToUnixTimeMilliseconds());
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private static int SourceOf(string subject) =>
        int.TryParse(subject.AsSpan(subject.IndexOf(':', StringComparison.Ordinal) + 1), CultureInfo.InvariantCulture, out var id) ? id : 0;

    private static DateTimeOffset At(NpgsqlDataReader reader, int column) => DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(column));
}
