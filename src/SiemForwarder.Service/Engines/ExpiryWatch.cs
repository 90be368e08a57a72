using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using Npgsql;
using SiemForwarder.Connections;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Engines;

/// <summary>Records when certificates and tokens used by this engine's sources and integrations expire, for warnings in status and alarms.</summary>
internal sealed class ExpiryWatch(NpgsqlDataSource database, IOptions<ForwarderOptions> options, LoopGuard guard, TimeProvider time) : BackgroundService
{
    /// <summary>Expiry of certificates and tokens used by sources and integrations, for SQL in other folders.</summary>
    public const string Rows = "(SELECT subject, what, version, ends_at, seen_at FROM expiry)";

    /// <summary>How many days before expiry warnings start.</summary>
    public const int DaysAhead = 30;

    /// <summary>How long an observation remains valid without being repeated.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromDays(1);

    private static readonly TimeSpan SeenAgain = TimeSpan.FromHours(1);

    private readonly ConcurrentDictionary<string, Watched> watched = new(StringComparer.Ordinal);

    /// <summary>Starts watching the credentials of one loop until disposed.</summary>
    /// <param name="subject">What the loop runs, such as <c>integration:3</c>.</param>
    /// <param name="version">Version of its settings; observations from other versions no longer count.</param>
    public Watched Open(string subject, int version) => watched[subject] = new Watched(subject, version, watched);

    /// <summary>A sentence for each certificate or token that expires soon or has expired.</summary>
    public async Task<IReadOnlyList<string>?> ReadWarningsAsync(string subject, int version, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var command = database.CreateCommand(
            "SELECT what, ends_at FROM expiry WHERE subject = $1 AND version = $2 AND ends_at < $3 AND seen_at > $4 ORDER BY ends_at, what");
        command.Parameters.AddWithValue(subject);
        command.Parameters.AddWithValue(version);
        command.Parameters.AddWithValue(now.AddDays(DaysAhead));
        command.Parameters.AddWithValue(now - Kept);
        var warnings = new List<string>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var (what, end) = (reader.GetString(0), reader.GetFieldValue<DateTimeOffset>(1));
            warnings.Add($"{char.ToUpperInvariant(what[0])}{what[1..]} {(end < now ? "expired" : "expires")} on {UtcText.Minute(end)} UTC; renew it.");
        }

        return warnings.Count == 0 ? null : warnings;
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => guard.RunAsync(
        "records when certificates and tokens expire", SaveAsync, token => Task.Delay(options.Value.ConfigurationInterval, time, token), stoppingToken);

    private async Task SaveAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var rows = watched.Values
            .SelectMany(one => one.Notes.Ends.Where(note => one.IsWorthSaving(note, now, SeenAgain)).Select(note => (Of: one, Note: note))).ToList();
        if (rows.Count == 0)
        {
            return;
        }

        await using var command = database.CreateCommand("""
            WITH old AS (DELETE FROM expiry WHERE seen_at < $6)
            INSERT INTO expiry (subject, what, version, ends_at, seen_at)
            SELECT subject, what, version, ends_at, $5 FROM unnest($1::text[], $2::text[], $3::int[], $4::timestamptz[]) AS seen (subject, what, version, ends_at)
            WHERE true
            ON CONFLICT (subject, what) DO UPDATE SET version = excluded.version, ends_at = excluded.ends_at, seen_at = excluded.seen_at
            """);
        command.Parameters.AddWithValue(rows.Select(row => row.Of.Subject).ToArray());
        command.Parameters.AddWithValue(rows.Select(row => StoredText.Of(row.Note.Key)!).ToArray());
        command.Parameters.AddWithValue(rows.Select(row => row.Of.Version).ToArray());
        command.Parameters.AddWithValue(rows.Select(row => row.Note.Value.ToUniversalTime()).ToArray());
        command.Parameters.AddWithValue(now);
        command.Parameters.AddWithValue(now - (Kept * 2));
        await command.ExecuteNonQueryAsync(cancellationToken);
        foreach (var (of, note) in rows)
        {
            of.Saved(note, now);
        }
    }

    /// <summary>The certificates and tokens used by one loop.</summary>
    internal sealed class Watched(string subject, int version, ConcurrentDictionary<string, Watched> all) : IDisposable
    {
        private readonly ConcurrentDictionary<string, (DateTimeOffset End, DateTimeOffset At)> saved = new(StringComparer.Ordinal);

        public string Subject => subject;

        public int Version => version;

        public ExpiryNotes Notes { get; } = new();

        public bool IsWorthSaving(KeyValuePair<string, DateTimeOffset> note, DateTimeOffset now, TimeSpan again) =>
            !saved.TryGetValue(note.Key, out var last) || last.End != note.Value || now - last.At >= again;

        public void Saved(KeyValuePair<string, DateTimeOffset> note, DateTimeOffset now) => saved[note.Key] = (note.Value, now);

        // Its successor may already have started.
        public void Dispose() => all.TryRemove(KeyValuePair.Create(subject, this));
    }
}
