using System.Globalization;
using System.Text.Json;
using SiemForwarder.Events;

namespace SiemForwarder.Destinations.Http;

/// <summary>Writes log records in the JSON of OTLP (opentelemetry-proto 1.11, logs/v1): enumerations as numbers, 64-bit integers as strings.</summary>
internal static class OtlpRecord
{
    private static readonly string Version = typeof(OtlpRecord).Assembly.GetName().Version?.ToString(3) ?? "";

    /// <summary>One request: a batch is of one source, so it has one resource.</summary>
    public static void WriteRequest(Utf8JsonWriter writer, DeliveryBatch batch, string serviceName)
    {
        writer.WriteStartObject();
        writer.WriteStartArray("resourceLogs"u8);
        writer.WriteStartObject();
        writer.WriteStartObject("resource"u8);
        writer.WriteStartArray("attributes"u8);
        WriteAttribute(writer, "service.name", serviceName);
        if (batch.Count > 0)
        {
            WriteAttribute(writer, "host.name", batch.Events[0].Source.Host);
            WriteAttribute(writer, "keycloak.source", batch.Events[0].Source.Name);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.WriteStartArray("scopeLogs"u8);
        writer.WriteStartObject();
        writer.WriteStartObject("scope"u8);
        writer.WriteString("name"u8, "SiemForwarder"u8);
        writer.WriteString("version"u8, Version);
        writer.WriteEndObject();
        writer.WriteStartArray("logRecords"u8);
        for (var index = 0; index < batch.Count; index++)
        {
            Write(writer, batch.Events[index], batch[index].Span);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    /// <summary>Severity number and text of a severity from 0 to 10; FATAL would mean a crash.</summary>
    public static (int Number, string Text) SeverityOf(int severity) => severity switch
    {
        <= 3 => (9, "INFO"),
        <= 6 => (13, "WARN"),
        <= 8 => (17, "ERROR"),
        _ => (18, "ERROR2"),
    };

    private static void Write(Utf8JsonWriter writer, SecurityEvent securityEvent, ReadOnlySpan<byte> formatted)
    {
        var (number, text) = SeverityOf(securityEvent.Severity);
        writer.WriteStartObject();
        writer.WriteString("timeUnixNano"u8, NanosecondsOf(securityEvent.OccurredAt));
        writer.WriteString("observedTimeUnixNano"u8, NanosecondsOf(securityEvent.ReceivedAt));
        writer.WriteNumber("severityNumber"u8, number);
        writer.WriteString("severityText"u8, text);
        writer.WriteString("eventName"u8, "keycloak." + securityEvent.Type.ToLowerInvariant());
        writer.WriteStartObject("body"u8);
        writer.WriteString("stringValue"u8, formatted);
        writer.WriteEndObject();
        writer.WriteStartArray("attributes"u8);
        WriteAttribute(writer, "log.record.uid", securityEvent.Id);
        WriteAttribute(writer, "user.id", securityEvent.Actor?.Id);
        WriteAttribute(writer, "user.name", securityEvent.Actor?.Name);
        WriteAttribute(writer, "client.address", securityEvent.IpAddress);
        WriteAttribute(writer, "session.id", securityEvent.SessionId);
        WriteAttribute(writer, "keycloak.realm", securityEvent.Source.Realm);
        WriteAttribute(writer, "keycloak.client.id", securityEvent.ClientId);
        WriteAttribute(writer, "keycloak.event.kind", securityEvent.Kind.ToString().ToLowerInvariant());
        WriteAttribute(writer, "keycloak.event.type", securityEvent.Type);
        WriteAttribute(writer, "keycloak.event.outcome", securityEvent.Outcome.ToString().ToLowerInvariant());
        WriteAttribute(writer, "keycloak.event.error", securityEvent.Reason);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static string NanosecondsOf(DateTimeOffset time) => (time.ToUnixTimeMilliseconds() * 1_000_000).ToString(CultureInfo.InvariantCulture);

    private static void WriteAttribute(Utf8JsonWriter writer, string key, string? value)
    {
        if (string.IsNullOrEmpty(value))
        {
            return;
        }

        writer.WriteStartObject();
        writer.WriteString("key"u8, key);
        writer.WriteStartObject("value"u8);
        writer.WriteString("stringValue"u8, value);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}
