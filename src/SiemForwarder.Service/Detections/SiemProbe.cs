using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using SiemForwarder.Detections.Alerts;
using SiemForwarder.Detections.Rules;
using SiemForwarder.Events;

namespace SiemForwarder.Service.Detections;

/// <summary>An event that nobody sent, with a text of its own in each field, by which the field is found again in what a SIEM would get.</summary>
/// <param name="Event">The event.</param>
/// <param name="Marks">The text of each field, by its normalized name.</param>
internal sealed record SiemProbe(SecurityEvent Event, IReadOnlyDictionary<string, string> Marks)
{
    public const string RuleTitle = "rule_title";
    private const string Address = "203.0.113.177";
    private const string DetailsPrefix = "details.";
    private const string RepresentationPrefix = "representation.";
    private const string ChangedPrefix = "changed.";
    private static readonly DateTimeOffset At = DateTimeOffset.UnixEpoch;
    private static readonly EventSource Source = new(0, "probe", "probe", "probe.example");

    private static readonly EventLocation Place = new(
        "fwprobecity", "fwproberegion", null, "fwprobecountry", 48.1371, 11.5754, null, 64_497, "fwprobenetwork");

    private static readonly Dictionary<string, string> PlaceMarks = new(StringComparer.Ordinal)
    {
        ["geo.city"] = Place.City!, ["geo.country"] = Place.Country!, ["geo.lat"] = "48.1371", ["geo.lon"] = "11.5754", ["geo.asn"] = "64497",
        ["geo.org"] = Place.AutonomousSystemOrganization!,
    };

    /// <summary>An alert of a rule, with a value for each field of its group.</summary>
    public static SiemProbe OfAlert(AlertingRule rule)
    {
        var marks = new Dictionary<string, string>(StringComparer.Ordinal) { [RuleTitle] = "fwproberule" };
        foreach (var name in rule.GroupNames)
        {
            marks.TryAdd(name, name is "ip" or "actor.ip" or "ecs.source.ip" ? Address : $"fwprobe{marks.Count}group");
        }

        var trigger = new AlertEvent("fwprobeevent", Source.Id, 1, At);
        var alert = new Alert
        {
            Id = Guid.Empty,
            Rule = rule.Head with { Title = marks[RuleTitle] },
            RuleVersion = rule.Version,
            OccurredAt = At,
            Trigger = trigger,
            Group = [.. rule.GroupNames.Distinct(StringComparer.Ordinal).Select(name => new GroupValue(name, marks[name]))],
            Events = [trigger],
            EventCount = 1,
            FirstAt = At,
            LastAt = At,
        };
        var incoming = AlertBody.ToIncoming(alert, Source, new Dictionary<int, string>());
        return new SiemProbe(EventNormalizer.Normalize(EventStream.Detection, incoming.Body, incoming.Key, Source, 0, 0, At), marks);
    }

    /// <summary>A login event of a type, with the fields that a rule looks at and such an event has.</summary>
    public static SiemProbe OfUserEvent(string type, IEnumerable<string> fields)
    {
        var (json, details) = (new JsonObject { ["id"] = "fwprobeevent", ["time"] = 0, ["type"] = type }, new JsonObject());
        json["details"] = details;
        return Build(EventStream.User, json, fields, (name, mark) =>
        {
            var (parent, key) = name switch
            {
                "ip" or "actor.ip" => (json, "ipAddress"),
                "clientId" or "userId" or "sessionId" or "error" => (json, name),
                "username" => (details, "username"),
                _ when name.StartsWith(DetailsPrefix, StringComparison.Ordinal) => (details, name[DetailsPrefix.Length..]),
                _ => (null, ""),
            };
            return Put(parent, key, mark);
        });
    }

    /// <summary>An admin event of a type, with the fields that a rule looks at and such an event has; what changed is part of the representation.</summary>
    public static SiemProbe OfAdminEvent(string type, IEnumerable<string> fields)
    {
        var parts = type.Split('-', 2);
        var (who, representation) = (new JsonObject { ["realmId"] = "probe" }, new JsonObject());
        var json = new JsonObject
        {
            ["id"] = "fwprobeevent", ["time"] = 0, ["operationType"] = parts[0], ["resourceType"] = parts[^1], ["resourcePath"] = "", ["authDetails"] = who,
        };
        var names = fields.Select(StoredName).Distinct(StringComparer.Ordinal);
        return Build(EventStream.Admin, json, names, (name, mark) => name switch
        {
            "ip" or "actor.ip" => Put(who, "ipAddress", mark),
            "actor.userId" => Put(who, "userId", mark),
            "actor.clientId" => Put(who, "clientId", mark),
            "resourcePath" => Put(json, "resourcePath", mark),
            _ when name.StartsWith(RepresentationPrefix, StringComparison.Ordinal) => Represent(name[RepresentationPrefix.Length..], mark),
            _ => false,
        });

        bool Represent(string path, string mark)
        {
            var (parent, steps) = (representation, path.Split('.'));
            foreach (var step in steps[..^1])
            {
                if (parent[step] is not JsonObject child)
                {
                    parent[step] = child = [];
                }

                parent = child;
            }

            parent[steps[^1]] = mark;
            json["representation"] = representation.ToJsonString();
            return true;
        }
    }

    private static string StoredName(string field) =>
        field.StartsWith(ChangedPrefix, StringComparison.Ordinal) ? RepresentationPrefix + field[ChangedPrefix.Length..] : field;

    private static bool Put(JsonObject? parent, string key, string mark)
    {
        if (parent is not null)
        {
            parent[key] = mark;
        }

        return parent is not null;
    }

    private static SiemProbe Build(EventStream stream, JsonObject json, IEnumerable<string> fields, Func<string, string, bool> put)
    {
        var marks = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var name in fields)
        {
            var mark = name is "ip" or "actor.ip" ? Address : string.Create(CultureInfo.InvariantCulture, $"fwprobe{marks.Count}field");
            if (PlaceMarks.TryGetValue(name, out var place))
            {
                marks[name] = place;
            }
            else if (put(name, mark))
            {
                marks[name] = mark;
            }
        }

        var one = EventNormalizer.Normalize(stream, JsonSerializer.SerializeToUtf8Bytes(json), default, Source, 0, 0, At);
        return new SiemProbe(marks.Keys.Any(PlaceMarks.ContainsKey) ? one with { Location = Place } : one, marks);
    }
}
