using System.Globalization;
using System.Text.Json;
using SiemForwarder.Events;

namespace SiemForwarder.Destinations.Http.Sentinel;

/// <summary>Writes an event as a flat row with the columns that the documentation suggests for the stream.</summary>
internal static class SentinelRow
{
    public static void Write(Utf8JsonWriter writer, SecurityEvent securityEvent, ReadOnlySpan<byte> formatted)
    {
        writer.WriteStartObject();
        writer.WriteString("TimeGenerated"u8, securityEvent.OccurredAt.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
        writer.WriteString("EventId"u8, securityEvent.Id);
        writer.WriteString("EventKind"u8, securityEvent.Kind.ToString().ToLowerInvariant());
        writer.WriteString("EventType"u8, securityEvent.Type);
        writer.WriteString("Realm"u8, securityEvent.Source.Realm);
        writer.WriteString("ClientId"u8, securityEvent.ClientId);
        writer.WriteString("UserId"u8, securityEvent.Subject?.Id ?? securityEvent.Actor?.Id);
        writer.WriteString("Username"u8, securityEvent.Subject?.Name ?? securityEvent.Actor?.Name);
        writer.WriteString("SourceIp"u8, securityEvent.IpAddress);
        writer.WriteString("SessionId"u8, securityEvent.SessionId);
        writer.WriteString("Outcome"u8, securityEvent.Outcome.ToString().ToLowerInvariant());
        writer.WriteString("Error"u8, securityEvent.Reason);
        writer.WriteNumber("Severity"u8, securityEvent.Severity);
        writer.WriteString("Operation"u8, securityEvent.Admin?.Operation);
        writer.WriteString("ResourceType"u8, securityEvent.Admin?.ResourceType);
        writer.WriteString("ResourcePath"u8, securityEvent.Admin?.ResourcePath);
        writer.WriteString("ActorUserId"u8, securityEvent.Actor?.Id);
        writer.WriteString("ActorUsername"u8, securityEvent.Actor?.Name);
        writer.WriteString("ActorRealm"u8, securityEvent.Actor?.Realm);
        writer.WriteStartObject("Details"u8);
        foreach (var (name, value) in securityEvent.Details)
        {
            writer.WriteString(name, value);
        }

        writer.WriteEndObject();
        writer.WriteString("RawEvent"u8, formatted);
        writer.WriteEndObject();
    }
}
