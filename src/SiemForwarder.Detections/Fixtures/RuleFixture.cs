using System.Globalization;
using System.Text;
using System.Text.Json;
using SiemForwarder.Detections.Alerts;
using SiemForwarder.Detections.Fields;
using SiemForwarder.Detections.Rules;
using SiemForwarder.Detections.Yaml;
using SiemForwarder.Events;

namespace SiemForwarder.Detections.Fixtures;

/// <summary>Events that show what a rule does: with them it fires, or it stays quiet.</summary>
/// <param name="Title">What the events are.</param>
/// <param name="Fires">True where the rule must alert, false where it must not.</param>
/// <param name="Events">What happened, in this order.</param>
public sealed record RuleFixture(string Title, bool Fires, IReadOnlyList<YamlMap> Events)
{
    private static readonly EventSource Source = new(1, "fixture", "acme", "keycloak.example.com");

    private const string RealmId = "3f6c1f2e-5b0e-4d6b-9a0e-2f6f4b1c7d10";

    private static readonly EventSource AlertSource = new(2, "detections", "", "");

    private static readonly LogSource Application = new("application", Source.Name, null);

    private const int MaxTimes = 10_000;

    // A Monday, 09:00 UTC: within business hours unless the events say otherwise.
    private static readonly DateTimeOffset Start = new(2026, 3, 2, 9, 0, 0, TimeSpan.Zero);

    /// <summary>Reads the fixtures of a file: below <c>fires</c> and <c>quiet</c>, each with a title and events as they are sent.</summary>
    /// <remarks>
    /// An event with <c>event_type</c> is one that an application pushes, one with <c>rule_id</c> an alert of that rule, any other is Keycloak's.
    /// Beside the members of its JSON it may say <c>after</c>
    /// (how long after the one before), <c>times</c> and <c>every</c> (it is repeated; <c>{i}</c> in its texts is the number of the repetition), <c>geo</c>
    /// (where its address is), <c>names</c> (of users by their ids, as the forwarder asks for them), and instead of an event <c>sweep</c> lets time pass.
    /// A representation may be written as a map or a list.
    /// </remarks>
    /// <returns>The fixtures, or why the file cannot be read.</returns>
    public static (IReadOnlyList<RuleFixture> Fixtures, string? Problem) Read(string text)
    {
        var (documents, problem) = YamlReader.Read(text);
        if (problem is not null || documents is not [YamlMap root])
        {
            return ([], problem ?? "The file must be one map with fires and quiet.");
        }

        var fixtures = new List<RuleFixture>();
        foreach (var entry in root.Entries)
        {
            foreach (var item in (entry.Value as YamlList)?.Items ?? [])
            {
                if (entry.Key is not ("fires" or "quiet") || item is not YamlMap map || map.Find("events") is not YamlList events
                    || events.Items.Any(one => one is not YamlMap))
                {
                    return ([], $"Line {item.Line}: a fixture stands below fires or quiet and has a title and a list of events.");
                }

                fixtures.Add(new RuleFixture((map.Find("title") as YamlScalar)?.Text ?? "", entry.Key == "fires", [.. events.Items.Cast<YamlMap>()]));
            }
        }

        return (fixtures, null);
    }

    /// <summary>The alerts of an engine that knows these rules and sees these events alone.</summary>
    public IReadOnlyList<Alert> Run(RuleSet rules)
    {
        var engine = new DetectionEngine(rules);
        var alerts = new List<Alert>();
        var at = Start;
        var position = 0L;
        foreach (var map in Events)
        {
            at += Duration(map, "after") ?? TimeSpan.FromSeconds(1);
            if (Duration(map, "sweep") is { } passed)
            {
                at += passed;
                engine.Advance(Source.Id, at, alerts);
                engine.Advance(AlertSource.Id, at, alerts);
                continue;
            }

            var times = (map.Find("times") as YamlScalar)?.Text is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : 1;
            if (times > MaxTimes)
            {
                throw new FormatException($"An event may be repeated at most {MaxTimes} times.");
            }

            for (var turn = 0; turn < times; turn++)
            {
                at += turn == 0 ? TimeSpan.Zero : Duration(map, "every") ?? TimeSpan.FromSeconds(1);
                var stream = map.Find("rule_id") is not null ? EventStream.Detection
                    : map.Find("event_type") is not null ? EventStream.Pushed
                    : map.Find("operationType") is not null ? EventStream.Admin : EventStream.User;
                engine.Follow(ToEvent(map, turn, at, ++position, stream), LogSourceOf(stream), LocalCalendar.Utc, alerts);
            }
        }

        return alerts;
    }

    private static LogSource LogSourceOf(EventStream stream) => stream switch
    {
        EventStream.Admin => LogSource.KeycloakAdmin,
        EventStream.User => LogSource.KeycloakUser,
        EventStream.Detection => LogSource.Alerts,
        _ => Application,
    };

    private static TimeSpan? Duration(YamlMap map, string key) => (map.Find(key) as YamlScalar)?.Text is { } text ? DurationText.Parse(text) : null;

    private static SecurityEvent ToEvent(YamlMap map, int turn, DateTimeOffset at, long position, EventStream stream)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            WriteHead(json, at, $"00000000-0000-4000-8000-{position:x12}", stream);
            if (stream == EventStream.Detection && map.Find("event_type") is null)
            {
                json.WriteString("event_type", DetectionEvents.Type);
            }

            foreach (var entry in map.Entries.Where(entry => entry.Key is not ("after" or "times" or "every" or "geo" or "names")))
            {
                json.WritePropertyName(entry.Key);
                if (entry.Key == "representation" && entry.Value is not YamlScalar)
                {
                    json.WriteStringValue(ToText(entry.Value, turn));
                }
                else
                {
                    Write(json, entry.Value, turn);
                }
            }

            json.WriteEndObject();
        }

        var raw = bytes.ToArray();
        var source = stream == EventStream.Detection ? AlertSource : Source;
        var normalized = EventNormalizer.Normalize(
            stream, raw, EventKey.FromHash(raw), source, position, at.ToUnixTimeMilliseconds(), at.AddSeconds(1), NamesOf(map));
        return map.Find("geo") is YamlMap geo ? normalized with { Location = ToLocation(geo) } : normalized;
    }

    private static void WriteHead(Utf8JsonWriter json, DateTimeOffset at, string id, EventStream stream)
    {
        if (stream is EventStream.Pushed or EventStream.Detection)
        {
            json.WriteString("event_id", id);
            json.WriteString("timestamp", at);
            return;
        }

        json.WriteString("id", id);
        json.WriteNumber("time", at.ToUnixTimeMilliseconds());
        json.WriteString("realmId", RealmId);
    }

    // Who acts may be of another realm than the one that is acted on.
    private static UserNames? NamesOf(YamlMap map)
    {
        if (map.Find("names") is not YamlMap given)
        {
            return null;
        }

        var names = new UserNames();
        var actorRealm = ((map.Find("authDetails") as YamlMap)?.Find("realmId") as YamlScalar)?.Text;
        foreach (var entry in given.Entries)
        {
            var name = (entry.Value as YamlScalar)?.Text ?? "";
            names.Add(RealmId, entry.Key, name);
            names.Add(actorRealm ?? RealmId, entry.Key, name);
        }

        return names;
    }

    private static EventLocation ToLocation(YamlMap geo)
    {
        double? Number(string key) => (geo.Find(key) as YamlScalar)?.Text is { } text ? double.Parse(text, CultureInfo.InvariantCulture) : null;
        return EventLocation.Nowhere with
        {
            Country = (geo.Find("country") as YamlScalar)?.Text,
            Latitude = Number("lat"),
            Longitude = Number("lon"),
            AutonomousSystemNumber = (long?)Number("asn"),
        };
    }

    private static string ToText(YamlNode node, int turn)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            Write(json, node, turn);
        }

        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    private static void Write(Utf8JsonWriter json, YamlNode node, int turn)
    {
        switch (node)
        {
            case YamlMap map:
                json.WriteStartObject();
                foreach (var entry in map.Entries)
                {
                    json.WritePropertyName(entry.Key);
                    Write(json, entry.Value, turn);
                }

                json.WriteEndObject();
                break;
            case YamlList list:
                json.WriteStartArray();
                foreach (var item in list.Items)
                {
                    Write(json, item, turn);
                }

                json.WriteEndArray();
                break;
            case YamlScalar { Kind: ScalarKind.Null }:
                json.WriteNullValue();
                break;
            case YamlScalar { Kind: ScalarKind.Boolean, Text: var text }:
                json.WriteBooleanValue(text is "true" or "True" or "TRUE");
                break;
            case YamlScalar { Kind: ScalarKind.Integer or ScalarKind.Number } number
                when decimal.TryParse(number.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value):
                json.WriteNumberValue(value);
                break;
            case YamlScalar scalar:
                json.WriteStringValue(scalar.Text.Replace("{i}", turn.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal));
                break;
            default:
                json.WriteNullValue();
                break;
        }
    }
}
