using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using SiemForwarder.Connections;
using SiemForwarder.Events;
using SiemForwarder.Service.EventLog;

namespace SiemForwarder.Service.Operations;

/// <summary>An event about the forwarder itself, in the native schema.</summary>
/// <param name="Type">Type, in the style of Keycloak's.</param>
/// <param name="Name">Display name of the type.</param>
/// <param name="IsGood">Whether it is the end of a problem.</param>
/// <param name="Severity">CEF severity, 0 to 10.</param>
/// <param name="At">When it happened.</param>
/// <param name="Subject">What it is about, such as <c>integration:3</c>.</param>
/// <param name="SubjectName">Its name, for people.</param>
/// <param name="Message">What happened and what to do.</param>
/// <param name="Identity">Distinguishes the event from others of its type; the same event always has the same key, so it is stored once.</param>
internal sealed record OperationalEvent(
    string Type, string Name, bool IsGood, int Severity, DateTimeOffset At, string Subject, string SubjectName, string Message, string Identity)
{
    public const string SetAside = "EVENTS_SET_ASIDE";
    public const string Lost = "EVENTS_LOST";
    public const string HistoryReplaced = "LOG_HISTORY_REPLACED";

    private const int GoodSeverity = 3;

    /// <summary>The start of a problem.</summary>
    public static OperationalEvent Raised(Alarm alarm) => new(
        alarm.Kind.Raised, alarm.Kind.RaisedName, false, alarm.Kind.Severity, alarm.Since, alarm.Subject, alarm.Name, alarm.Message,
        alarm.Since.UtcTicks.ToString(CultureInfo.InvariantCulture));

    /// <summary>The end of a problem.</summary>
    public static OperationalEvent Cleared(Alarm alarm, DateTimeOffset clearedAt) => new(
        alarm.Kind.Cleared!, alarm.Kind.ClearedName, true, GoodSeverity, clearedAt, alarm.Subject, alarm.Name,
        $"{alarm.Kind.ClearedName}: {alarm.Name}. It started at {UtcText.Second(alarm.Since)} UTC and lasted "
            + $"{Duration(clearedAt - alarm.Since)}.",
        alarm.Since.UtcTicks.ToString(CultureInfo.InvariantCulture));

    /// <summary>The event as stored in the log.</summary>
    public IncomingEvent ToIncoming()
    {
        var key = EventKey.FromHash(Encoding.UTF8.GetBytes($"{Type}|{Subject}|{Identity}"));
        var output = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            json.WriteString("event_id"u8, key.ToString());
            json.WriteString("timestamp"u8, At);
            json.WriteString("event_type"u8, Type);
            json.WriteString("name"u8, Name);
            json.WriteString("category"u8, "configuration"u8);
            json.WriteString("outcome"u8, IsGood ? "success"u8 : "failure"u8);
            json.WriteNumber("severity"u8, Severity);
            json.WriteString("subject"u8, SubjectName);
            json.WriteString("subject_id"u8, Subject);
            json.WriteString("reason"u8, Message);
            json.WriteEndObject();
        }

        return new IncomingEvent(At.ToUnixTimeMilliseconds(), key, null, output.WrittenMemory);
    }

    private static string Duration(TimeSpan span) => span < TimeSpan.Zero ? "0 s"
        : span.TotalDays >= 1 ? span.ToString(@"d' d 'h' h'", CultureInfo.InvariantCulture)
        : span.TotalHours >= 1 ? span.ToString(@"h' h 'm' min'", CultureInfo.InvariantCulture)
        : span.TotalMinutes >= 1 ? span.ToString(@"m' min 's' s'", CultureInfo.InvariantCulture)
        : span.ToString(@"s' s'", CultureInfo.InvariantCulture);
}
