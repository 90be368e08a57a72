using System.Globalization;
using SiemForwarder.Detections.Yaml;

namespace SiemForwarder.Detections.Rules;

/// <summary>What the <c>forwarder:</c> map of a rule says.</summary>
/// <param name="SessionGap">Of a correlation: a window begins anew after so long without an occurrence.</param>
internal sealed record ForwarderSettings(AlertSettings Alerts, MemorySettings? Memory, TimeSpan? SessionGap);

/// <summary>Reads the <c>forwarder:</c> map: the kinds that Sigma lacks, suppression, scope.</summary>
internal sealed class ForwarderReader(RuleReading reading)
{
    private const string Root = "forwarder";

    private static readonly string[] Kinds = ["first_seen", "travel", "unless", "missing", "silence", "baseline"];
    private static readonly string[] OfDetections = ["suppress", "update", "per", "scope"];
    private static readonly string[] OfCorrelations = ["suppress", "update", "scope", "action", "window", "gap"];
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    /// <summary>The settings of a rule.</summary>
    /// <param name="document">The document.</param>
    /// <param name="timespan">Of a correlation; null for a detection.</param>
    public ForwarderSettings Read(YamlMap document, TimeSpan? timespan)
    {
        var byDefault = timespan is null ? TimeSpan.Zero : timespan > Hour ? timespan.Value : Hour;
        if (document.Find(Root) is not { } node)
        {
            return new ForwarderSettings(AlertSettings.Default with { Suppress = byDefault }, null, null);
        }

        if (node is not YamlMap map)
        {
            reading.Refuse(Root, $"it must be a map, not {node.Sort}");
            return new ForwarderSettings(AlertSettings.Default, null, null);
        }

        FindUnknown(map, Root, timespan is null ? [.. Kinds, .. OfDetections] : OfCorrelations);
        var memory = timespan is null ? ReadMemory(map) : null;
        byDefault = memory is TravelSettings or UnlessSettings ? Hour : byDefault;
        if (memory is not null && map.Find("per") is not null)
        {
            reading.Refuse($"{Root}.per", "the kind has a 'per' or 'same' of its own");
        }

        var alerts = new AlertSettings(
            ReadSuppress(map, byDefault), memory?.Per ?? ReadFields(map, "per", Root),
            ReadWord(map, "action", Root, "none", "none", "reset") == "reset",
            ReadWord(map, "scope", Root, "source", "source", "all") == "all" ? GroupScope.All : GroupScope.Source,
            ReadWord(map, "update", Root, "false", "false", "true") == "true");
        if (alerts is { Updates: true, Suppress.Ticks: 0 })
        {
            reading.Refuse($"{Root}.update", "without 'suppress' there is never anything to tell");
        }

        return new ForwarderSettings(alerts, memory, ReadSession(map));
    }

    private TimeSpan ReadSuppress(YamlMap map, TimeSpan byDefault)
    {
        if (reading.ReadText(map, "suppress", Root) is not { } text)
        {
            return byDefault;
        }

        if (DurationText.Parse(text) is { } duration)
        {
            return duration;
        }

        reading.Refuse($"{Root}.suppress", $"'{text}' is no duration; write 0 for an alert at every hit, or a whole number with s, m, h or d");
        return byDefault;
    }

    private TimeSpan? ReadSession(YamlMap map)
    {
        var isSession = ReadWord(map, "window", Root, "sliding", "sliding", "session") == "session";
        if (isSession)
        {
            return DurationText.Read(map, "gap", Root, reading);
        }

        if (map.Find("gap") is not null)
        {
            reading.Refuse($"{Root}.gap", "only window: session has a gap");
        }

        return null;
    }

    private MemorySettings? ReadMemory(YamlMap map)
    {
        var kinds = Kinds.Where(kind => map.Find(kind) is not null).ToList();
        if (kinds.Count == 0)
        {
            return null;
        }

        var path = $"{Root}.{kinds[0]}";
        if (kinds.Count > 1)
        {
            reading.Refuse(Root, $"a rule has one kind only; {string.Join(" and ", kinds)} need rules of their own");
            return null;
        }

        if (map.Find(kinds[0]) is not YamlMap kind)
        {
            reading.Refuse(path, "it must be a map");
            return null;
        }

        var refused = reading.Refusals.Count;
        MemorySettings? settings = kinds[0] switch
        {
            "first_seen" => ReadFirstSeen(kind, path),
            "travel" => ReadTravel(kind, path),
            "unless" => ReadAbsence(kind, path) is var (rule, within, same) ? new UnlessSettings(rule, within) { Per = same } : null,
            "missing" => ReadAbsence(kind, path) is var (rule, within, same) ? new MissingSettings(rule, within) { Per = same } : null,
            "silence" => ReadSilence(kind, path),
            _ => ReadBaseline(kind, path),
        };
        return reading.Refusals.Count > refused ? null : settings;
    }

    private FirstSeenSettings ReadFirstSeen(YamlMap map, string path)
    {
        FindUnknown(map, path, ["field", "per", "memory", "learn", "minimum", "silence_before"]);
        var silence = map.Find("silence_before") is null ? null : DurationText.Read(map, "silence_before", path, reading);
        var name = reading.ReadText(map, "field", path, isNeeded: silence is null);
        if (silence is not null && name is not null)
        {
            reading.Refuse($"{path}.field", "silence_before asks for no value; write a rule of its own for new values");
        }

        // Nothing to learn is written as 0, which is no duration elsewhere.
        var learn = map.Find("learn") is YamlScalar { Text: "0" } ? TimeSpan.Zero
            : DurationText.Read(map, "learn", path, reading, silence is null ? TimeSpan.FromDays(14) : TimeSpan.Zero);
        return new FirstSeenSettings(
            name is null ? null : Field(name, $"{path}.field"), DurationText.Read(map, "memory", path, reading, TimeSpan.FromDays(90)) ?? default,
            learn ?? default, (int)ReadNumber(map, "minimum", path, 1, 1, 1_000_000), silence)
        {
            Per = ReadFields(map, "per", path, isNeeded: true),
        };
    }

    private TravelSettings ReadTravel(YamlMap map, string path)
    {
        FindUnknown(map, path, ["per", "speed", "minimum", "memory"]);
        return new TravelSettings(
            ReadNumber(map, "speed", path, 900, 1, 100_000), ReadNumber(map, "minimum", path, 500, 0, 20_000),
            DurationText.Read(map, "memory", path, reading, TimeSpan.FromHours(24)) ?? default, reading.SlotOf("ip.list.travel_exempt", path))
        {
            Per = ReadFields(map, "per", path, isNeeded: true),
        };
    }

    private (string Rule, TimeSpan Within, IReadOnlyList<GroupField> Same)? ReadAbsence(YamlMap map, string path)
    {
        FindUnknown(map, path, ["rule", "within", "same"]);
        var rule = reading.ReadText(map, "rule", path, isNeeded: true);
        var within = DurationText.Read(map, "within", path, reading);
        return rule is null || within is null ? null : (rule, within.Value, ReadFields(map, "same", path));
    }

    private SilenceSettings ReadSilence(YamlMap map, string path)
    {
        FindUnknown(map, path, ["for", "per", "during"]);
        return new SilenceSettings(
            DurationText.Read(map, "for", path, reading) ?? default, ReadWord(map, "during", path, "always", "always", "business") == "business")
        {
            Per = ReadFields(map, "per", path),
        };
    }

    private BaselineSettings? ReadBaseline(YamlMap map, string path)
    {
        FindUnknown(map, path, ["count", "per", "bucket", "history", "factor", "minimum", "season"]);
        var (count, name) = map.Find("count") switch
        {
            null or YamlScalar { Text: "events" } => (BaselineCount.Events, null),
            YamlMap { Entries: [{ Key: "distinct", Value: YamlScalar field }] } => (BaselineCount.Distinct, field.Text),
            YamlMap { Entries: [{ Key: "sum", Value: YamlScalar field }] } => (BaselineCount.Sum, field.Text),
            _ => (BaselineCount.Events, ""),
        };
        if (name is "")
        {
            reading.Refuse($"{path}.count", "write events, distinct: field or sum: field");
        }

        var bucket = DurationText.Read(map, "bucket", path, reading, Hour);
        var history = DurationText.Read(map, "history", path, reading, TimeSpan.FromDays(14));
        if (bucket is null || history is null)
        {
            return null;
        }

        var buckets = history.Value.Ticks / bucket.Value.Ticks;
        var season = ReadWord(map, "season", path, "none", "none", "hour-of-day", "hour-of-week") switch
        {
            "hour-of-day" => BaselineSeason.HourOfDay,
            "hour-of-week" => BaselineSeason.HourOfWeek,
            _ => BaselineSeason.None,
        };
        if (buckets is < 4 or > 10_000)
        {
            reading.Refuse($"{path}.history", "it must hold 4 to 10,000 buckets");
        }

        if (season != BaselineSeason.None && bucket != Hour)
        {
            reading.Refuse($"{path}.season", "hours are compared with hours only; write bucket: 1h");
        }

        return new BaselineSettings(
            count, name is null ? null : Field(name, $"{path}.count"), bucket.Value, (int)buckets, ReadNumber(map, "factor", path, 10, 1, 1_000_000),
            (int)ReadNumber(map, "minimum", path, 50, 1, 1_000_000_000), season) { Per = ReadFields(map, "per", path) };
    }

    private GroupField[] ReadFields(YamlMap map, string key, string path, bool isNeeded = false)
    {
        var names = reading.ReadTexts(map, key, path);
        if (isNeeded && names.Count == 0)
        {
            reading.Refuse($"{path}.{key}", "it is missing; name the fields that tell one user, client or address from another");
        }

        return [.. names.Select(name => Field(name, $"{path}.{key}"))];
    }

    private GroupField Field(string name, string path)
    {
        var normalized = reading.Fields.Normalize(name, reading.IsEcs);
        return new GroupField(normalized, normalized, reading.SlotOf(name, path));
    }

    private double ReadNumber(YamlMap map, string key, string path, double byDefault, double minimum, double maximum)
    {
        if (reading.ReadText(map, key, path) is not { } text)
        {
            return byDefault;
        }

        if (double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number >= minimum && number <= maximum)
        {
            return number;
        }

        reading.Refuse($"{path}.{key}", string.Create(CultureInfo.InvariantCulture, $"'{text}' is no number from {minimum:0} to {maximum:0}"));
        return byDefault;
    }

    private string ReadWord(YamlMap map, string key, string path, string byDefault, params ReadOnlySpan<string> words)
    {
        var word = reading.ReadText(map, key, path) ?? byDefault;
        if (!words.Contains(word))
        {
            reading.Refuse($"{path}.{key}", $"'{word}' is none of {string.Join(", ", words!)}");
        }

        return word;
    }

    private void FindUnknown(YamlMap map, string path, string[] known)
    {
        foreach (var entry in map.Entries.Where(entry => !known.Contains(entry.Key)))
        {
            reading.Refuse($"{path}.{entry.Key}", $"it is not known here; {path} has {string.Join(", ", known)}");
        }
    }
}
