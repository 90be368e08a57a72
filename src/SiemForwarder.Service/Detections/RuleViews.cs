using System.Globalization;
using System.Text.Json;
using Npgsql;
using SiemForwarder.Detections;
using SiemForwarder.Detections.Rules;

namespace SiemForwarder.Service.Detections;

/// <summary>What the reader told of the rules, and how often they alerted.</summary>
/// <param name="Reports">The last report of each rule, by key.</param>
/// <param name="Today">Alerts since midnight UTC, by key.</param>
/// <param name="Blind">Why rules are blind, and since when, by key.</param>
/// <param name="PartlyBlind">The same of rules that see only a part of what they are for.</param>
internal sealed record RuleFigures(
    IReadOnlyDictionary<string, RuleReport> Reports, IReadOnlyDictionary<string, long> Today, ILookup<string, StoredBlindSpot> Blind,
    ILookup<string, StoredBlindSpot> PartlyBlind);

/// <summary>Why a rule is blind in a source, and since when.</summary>
/// <param name="SourceId">The source; 0 if it is about none.</param>
/// <param name="Reason">Why, and what to do.</param>
/// <param name="Since">Since when.</param>
internal sealed record StoredBlindSpot(int SourceId, string Reason, DateTimeOffset Since);

/// <summary>Shows rule files with the state of their rules.</summary>
internal sealed class RuleViews(NpgsqlDataSource database, TimeProvider time)
{
    private const string Off = "Off";
    private const string Running = "Running";
    private const string Degraded = "Degraded";
    private const string Learning = "Learning";
    private const string Error = "Error";
    private const string Blind = "Blind";
    private static readonly string[] Worst = [Error, Blind, Degraded, Learning, Running, Off];
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    public async Task<RuleFigures> ReadFiguresAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        IReadOnlyList<RuleReport> reports;
        await using (var command = new NpgsqlCommand("SELECT report::text FROM detection_reader", connection))
        {
            reports = JsonSerializer.Deserialize<List<RuleReport>>((string)(await command.ExecuteScalarAsync(cancellationToken))!, Json) ?? [];
        }

        var today = new Dictionary<string, long>(StringComparer.Ordinal);
        await using (var command = new NpgsqlCommand("SELECT rule, alerts FROM detection_day WHERE day = $1", connection))
        {
            command.Parameters.AddWithValue(DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime));
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                today[reader.GetString(0)] = reader.GetInt64(1);
            }
        }

        return new RuleFigures(
            reports.ToDictionary(report => report.Rule, StringComparer.Ordinal), today,
            await ReadSpotsAsync(connection, DetectionTables.Blind, cancellationToken),
            await ReadSpotsAsync(connection, DetectionTables.PartlyBlind, cancellationToken));
    }

    private static async Task<ILookup<string, StoredBlindSpot>> ReadSpotsAsync(NpgsqlConnection connection, string rows, CancellationToken cancellationToken)
    {
        var spots = new List<(string Rule, StoredBlindSpot Spot)>();
        await using var command = new NpgsqlCommand($"SELECT rule, source_id, reason, since FROM {rows} b ORDER BY since, source_id, reason", connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            spots.Add((reader.GetString(0), new StoredBlindSpot(reader.GetInt32(1), reader.GetString(2), reader.GetFieldValue<DateTimeOffset>(3))));
        }

        return spots.ToLookup(one => one.Rule, one => one.Spot, StringComparer.Ordinal);
    }

    /// <summary>A file as the API shows it.</summary>
    /// <param name="file">The file.</param>
    /// <param name="compiled">Its rules together with those that they need.</param>
    /// <param name="figures">What the reader told.</param>
    /// <param name="withText">Whether to show its text.</param>
    public static RuleFileResponse Show(StoredRule file, RuleSet compiled, RuleFigures figures, bool withText)
    {
        var rules = compiled.All.Where(rule => rule.File == file.Name).ToList();
        var shown = rules.ConvertAll(rule => Show(file, rule, figures));
        var state = !file.Enabled ? Off : compiled.Refusals.Count > 0 ? Error : Worst.FirstOrDefault(one => shown.Exists(rule => rule.State == one), Off);
        return new RuleFileResponse(
            file.Name, file.IsPack ? "pack" : "own", file.Enabled, state, file.Version, file.ExpectedPerDay,
            rules.Sum(rule => figures.Today.GetValueOrDefault(rule.Head.Key)), file.UpdatedAt, shown,
            [.. RuleWords.Sentences(compiled.Refusals), .. withText ? RuleWords.Sentences(compiled.Lints) : []],
            withText ? RuleLibrary.BodyOf(file) : null, withText ? RuleLibrary.FixturesOf(file) : null);
    }

    private static RuleResponse Show(StoredRule file, AlertingRule rule, RuleFigures figures)
    {
        var report = figures.Reports.GetValueOrDefault(rule.Head.Key);
        var (state, reasons) = StateOf(file, rule, report, figures);
        return new RuleResponse(
            rule.Head.Key, rule.Head.Title, RuleWords.Of(rule.Head.Level), [.. rule.Head.Techniques],
            rule.IsReported && rule.Head.Level != RuleLevel.Informational, state, reasons, report?.HitCount ?? 0, report?.SuppressedCount ?? 0,
            report?.GroupCount ?? 0, report?.MicrosecondsPerEvent is { } cost ? Math.Round(cost, 2) : null, report is null ? [] : [.. Hints(report)]);
    }

    private static IEnumerable<string> Hints(RuleReport report)
    {
        if (report.UnseenFields is { Count: > 0 } unseen)
        {
            yield return $"No event of the last seven days that it looked at had {string.Join(", ", unseen.Select(name => $"'{name}'"))}: check the "
                + "spelling, and what Keycloak stores.";
        }

        if (report.ExcessiveShare is { } share)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"It takes {share * 100:0} % of the time of all rules: ask for type and outcome first, ")
                + "and for fewer or simpler expressions.";
        }
    }

    private static (string State, IReadOnlyList<string> Reasons) StateOf(
        StoredRule file, AlertingRule rule, RuleReport? report, RuleFigures figures)
    {
        if (!file.Enabled || rule.Head.DisabledReason is not null)
        {
            return (Off, rule.Head.DisabledReason is { } why ? [$"It does not run: {why}."] : []);
        }

        if (report?.Fault is { } fault)
        {
            return (Error, [RuleWords.Of(fault)]);
        }

        if (figures.Blind[rule.Head.Key].Select(Sentence).ToList() is { Count: > 0 } blind)
        {
            return (Blind, blind);
        }

        List<string> misses = [.. figures.PartlyBlind[rule.Head.Key].Select(Sentence)];
        if (report?.DegradedSince is { } since)
        {
            misses.Add(string.Create(CultureInfo.InvariantCulture,
                $"Since {since:yyyy-MM-dd HH:mm:ss} UTC it forgot {report.EvictedCount} groups to make room, so it may miss something."));
        }

        return misses.Count > 0 ? (Degraded, misses) : LearnsUntil(rule, report) is { } learns ? (Learning, [learns]) : (Running, []);
    }

    private static string Sentence(StoredBlindSpot spot) =>
        string.Create(CultureInfo.InvariantCulture, $"Since {spot.Since:yyyy-MM-dd HH:mm:ss} UTC: {spot.Reason}");

    private static string? LearnsUntil(AlertingRule rule, RuleReport? report)
    {
        if (report?.LearningUntil is { } until)
        {
            return string.Create(CultureInfo.InvariantCulture, $"It learns what is usual, and alerts on events after {until:yyyy-MM-dd HH:mm:ss} UTC.");
        }

        return report is null && rule is DetectionRule { LearningTime: { } time } && time > TimeSpan.Zero
            ? string.Create(CultureInfo.InvariantCulture, $"It learns what is usual from {time.TotalDays:0.#} days of events before it alerts.")
            : null;
    }
}
