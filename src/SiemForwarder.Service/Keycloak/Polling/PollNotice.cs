using System.Buffers;
using System.Text;
using System.Text.Json;
using SiemForwarder.Events;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Keycloak.Client;

namespace SiemForwarder.Service.Keycloak.Polling;

/// <summary>Something a SIEM has to know about its source, such as unreadable or removed rows.</summary>
/// <param name="Type">Type of the event, in the style of Keycloak's.</param>
/// <param name="OccurredAtMs">Epoch milliseconds on the server's clock.</param>
/// <param name="Message">One sentence for people.</param>
/// <param name="FromMs">Start of the time range it is about.</param>
/// <param name="ToMs">End of the time range it is about.</param>
/// <param name="Rows">Number of rows, if known.</param>
internal sealed record PollNotice(string Type, long OccurredAtMs, string Message, long FromMs, long ToMs, int Rows)
{
    public const string Unreadable = "SOURCE_EVENTS_UNREADABLE";
    public const string Recovered = "SOURCE_EVENTS_RECOVERED";
    public const string Removed = "SOURCE_EVENTS_REMOVED";
    public const string PossiblyLost = "SOURCE_EVENTS_POSSIBLY_LOST";

    public const string ClockBehind = "SOURCE_CLOCK_BEHIND";

    private string Name => Type switch
    {
        ClockBehind => "Keycloak clock behind what was read",
        Unreadable => "Keycloak events unreadable",
        Recovered => "Keycloak events readable again",
        Removed => "Keycloak events removed at the source",
        _ => "Keycloak events possibly lost",
    };

    // An intruder removes the audit trail; the others are faults.
    private int Severity => Type switch
    {
        Removed => 9,
        Recovered => 3,
        ClockBehind => 5,
        _ => 7,
    };

    /// <summary>The notice as an event in the native schema; a repeated notice has the same key.</summary>
    public IncomingEvent ToEvent(KeycloakSource source, EventStream stream)
    {
        var key = EventKey.FromHash(Encoding.UTF8.GetBytes($"{source.Id}|{stream}|{Type}|{FromMs}|{ToMs}|{OccurredAtMs}"));
        var output = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            json.WriteString("event_id"u8, key.ToString());
            json.WriteString("timestamp"u8, DateTimeOffset.FromUnixTimeMilliseconds(OccurredAtMs));
            json.WriteString("event_type"u8, Type);
            json.WriteString("name"u8, Name);
            json.WriteString("category"u8, "configuration"u8);
            json.WriteString("outcome"u8, Type == Recovered ? "success"u8 : "failure"u8);
            json.WriteNumber("severity"u8, Severity);
            json.WriteString("org_id"u8, source.Realm);
            json.WriteStartObject("context"u8);
            json.WriteString("source"u8, source.Name);
            json.WriteString("realm"u8, source.Realm);
            json.WriteString("stream"u8, stream == EventStream.Admin ? "admin" : "user");
            json.WriteString("from"u8, DateTimeOffset.FromUnixTimeMilliseconds(FromMs));
            json.WriteString("to"u8, DateTimeOffset.FromUnixTimeMilliseconds(ToMs));
            json.WriteString("rows"u8, EventQuery.Text(Rows));
            json.WriteString("message"u8, Message);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return new IncomingEvent(OccurredAtMs, key, null, output.WrittenMemory);
    }
}
