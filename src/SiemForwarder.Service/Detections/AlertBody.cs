using System.Buffers;
using System.Globalization;
using System.Text.Json;
using SiemForwarder.Detections.Alerts;
using SiemForwarder.Events;
using SiemForwarder.Service.EventLog;

namespace SiemForwarder.Service.Detections;

/// <summary>Writes an alert as an event of the source <c>detections</c>, in the native schema.</summary>
internal static class AlertBody
{
    private const int MaxMessageLength = 400;

    /// <summary>The alert as the log stores it: the same alert always under the same key and time, so it is stored once.</summary>
    /// <param name="alert">The alert.</param>
    /// <param name="source">The source of the event that triggered it.</param>
    /// <param name="names">Names of sources by id.</param>
    public static IncomingEvent ToIncoming(Alert alert, EventSource source, IReadOnlyDictionary<int, string> names)
    {
        var output = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            json.WriteString("event_id"u8, alert.Id);
            json.WriteString("timestamp"u8, alert.OccurredAt);
            json.WriteString("event_type"u8, DetectionEvents.Type);
            json.WriteNumber("severity"u8, alert.Rule.Severity);
            json.WriteString("reason"u8, Message(alert));
            WriteWho(json, alert, source);
            WriteRule(json, alert);
            foreach (var (name, value) in alert.Group)
            {
                json.WriteString(DetectionEvents.Group + name, value);
            }

            if (alert.Value is { } compared)
            {
                json.WriteNumber(DetectionEvents.Value, compared);
            }

            json.WriteNumber(DetectionEvents.EventCount, alert.EventCount);
            json.WriteNumber(DetectionEvents.SuppressedCount, alert.SuppressedCount);
            if (alert.IsUpdate)
            {
                json.WriteString(DetectionEvents.Status, "update"u8);
            }

            json.WriteString(DetectionEvents.FirstAt, alert.FirstAt);
            json.WriteString(DetectionEvents.LastAt, alert.LastAt);
            json.WriteString(DetectionEvents.EventSource, source.Name);
            WriteEvents(json, alert, names);
            json.WriteEndObject();
        }

        return new IncomingEvent(alert.OccurredAt.ToUnixTimeMilliseconds(), EventKey.FromId(alert.Id.ToString("D")), null, output.WrittenMemory);
    }

    private static string Message(Alert alert)
    {
        var group = string.Join(", ", alert.Group.Select(one => $"{one.Name} {one.Value}"));
        var what = alert.IsUpdate ? "further hits since the last alert" : "events";
        var text = string.Create(CultureInfo.InvariantCulture, $"{alert.EventCount} {what}{(group.Length == 0 ? "" : $" of {group}")}");
        return text.Length <= MaxMessageLength ? text : string.Concat(text.AsSpan(0, MaxMessageLength - 1), "…");
    }

    // What the group says of who and where, and else that on which all events agree.
    private static void WriteWho(Utf8JsonWriter json, Alert alert, EventSource source)
    {
        Write("org_id", Agreed("realm") ?? Grouped("realm") ?? source.Realm);
        Write("realm_id", Grouped("realmId") ?? Agreed("realmId"));
        Write("subject", Grouped("username") ?? Agreed("username"));
        Write("subject_id", Grouped("userId") ?? Agreed("userId"));
        Write("requestor", Grouped("actor.username") ?? Agreed("actor.username"));
        Write("requestor_id", Grouped("actor.userId") ?? Agreed("actor.userId"));
        Write("client_id", Grouped("clientId") ?? Agreed("clientId"));
        Write("session_id", Grouped("sessionId") ?? Agreed("sessionId"));
        Write("ip_address", Grouped("ip") ?? Grouped("actor.ip") ?? Agreed("ip"));

        string? Grouped(string name) => alert.Group.FirstOrDefault(one => one.Name == name).Value;

        string? Agreed(string name) => alert.Agreed.FirstOrDefault(one => one.Name == name).Value;

        void Write(string name, string? value)
        {
            if (!string.IsNullOrEmpty(value))
            {
                json.WriteString(name, value);
            }
        }
    }

    private static void WriteRule(Utf8JsonWriter json, Alert alert)
    {
        var rule = alert.Rule;
        json.WriteString(DetectionEvents.RuleId, rule.Key);
        json.WriteString(DetectionEvents.RuleTitle, rule.Title);
        json.WriteString(DetectionEvents.RuleVersion, alert.RuleVersion);
        json.WriteString(DetectionEvents.RuleLevel, rule.Level.ToString().ToLowerInvariant());
        Write(DetectionEvents.RuleDescription, rule.Description);
        Write(DetectionEvents.RuleTags, string.Join(',', rule.Tags));
        Write(DetectionEvents.Techniques, string.Join(',', rule.Techniques));
        Write(DetectionEvents.Tactics, string.Join(',', rule.Tactics));
        Write(DetectionEvents.RuleFalsePositives, string.Join("; ", rule.FalsePositives));

        void Write(string name, string? value)
        {
            if (!string.IsNullOrEmpty(value))
            {
                json.WriteString(name, value);
            }
        }
    }

    private static void WriteEvents(Utf8JsonWriter json, Alert alert, IReadOnlyDictionary<int, string> names)
    {
        json.WriteStartArray(DetectionEvents.Events);
        foreach (var one in alert.Events)
        {
            json.WriteStartObject();
            json.WriteString("id"u8, one.Id);
            json.WriteString("source"u8, names.GetValueOrDefault(one.SourceId) ?? one.SourceId.ToString(CultureInfo.InvariantCulture));
            json.WriteNumber("position"u8, one.Position);
            json.WriteString("time"u8, one.OccurredAt);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
