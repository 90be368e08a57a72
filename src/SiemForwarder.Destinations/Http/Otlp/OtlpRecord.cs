using System.Globalization;
using System.Text.Json;
using SiemForwarder.Events;
using SiemForwarder.Events.Addresses;

namespace SiemForwarder.Destinations.Http.Otlp;

/// <summary>Writes log records in OTLP's JSON (opentelemetry-proto 1.11, logs/v1): enumerations as numbers, 64-bit integers as strings.</summary>
internal static class OtlpRecord
{
    /// <summary>Attributes of a record, in the order they are written.</summary>
    public static IReadOnlyList<(string Key, Func<SecurityEvent, string?> Value)> Attributes { get; } =
    [
        ("log.record.uid", static one => one.Id),
        ("user.id", static one => one.Actor?.Id),
        ("user.name", static one => one.Actor?.Name),
        ("client.address", static one => AddressOf(one).Text),
        ("session.id", static one => one.SessionId),
        ("keycloak.realm", static one => one.Source.Realm),
        ("keycloak.client.id", static one => one.ClientId),
        ("keycloak.event.kind", static one => one.Kind.ToString().ToLowerInvariant()),
        ("keycloak.event.type", static one => one.Type),
        ("keycloak.event.outcome", static one => one.Outcome.ToString().ToLowerInvariant()),
        ("keycloak.event.error", static one => one.Reason),
    ];

    public static string ClientPort => "client.port";

    public static string ScopeName => "SiemForwarder";

    public static string ScopeVersion { get; } = typeof(OtlpRecord).Assembly.GetName().Version?.ToString(3) ?? "";

    /// <summary>One request: a batch comes from one source, so it has one resource.</summary>
    public static void WriteRequest(Utf8JsonWriter writer, DeliveryBatch batch, string serviceName, bool isJson)
    {
        writer.WriteStartObject();
        writer.WriteStartArray("resourceLogs"u8);
        writer.WriteStartObject();
        writer.WriteStartObject("resource"u8);
        writer.WriteStartArray("attributes"u8);
        foreach (var (key, value) in ResourceOf(batch, serviceName))
        {
            WriteAttribute(writer, key, value);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.WriteStartArray("scopeLogs"u8);
        writer.WriteStartObject();
        writer.WriteStartObject("scope"u8);
        writer.WriteString("name"u8, ScopeName);
        writer.WriteString("version"u8, ScopeVersion);
        writer.WriteEndObject();
        writer.WriteStartArray("logRecords"u8);
        for (var index = 0; index < batch.Count; index++)
        {
            Write(writer, batch.Events[index], batch[index].Span, isJson);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    /// <summary>Attributes of the resource of a batch.</summary>
    public static IReadOnlyList<(string Key, string? Value)> ResourceOf(DeliveryBatch batch, string serviceName) => batch.Count == 0
        ? [("service.name", serviceName)]
        : [("service.name", serviceName), ("host.name", batch.Events[0].Source.Host), ("keycloak.source", batch.Events[0].Source.Name)];

    public static string NameOf(SecurityEvent securityEvent) => "keycloak." + securityEvent.Type.ToLowerInvariant();

    /// <summary>Nanoseconds since 1970, or 0 for "unknown" (opentelemetry-proto, logs.proto) if they do not fit.</summary>
    /// <remarks>
    /// The field is an unsigned 64-bit number; receivers in Go and Java use a signed one, so 2262 is the last year. The observed time is sent as well.
    /// </remarks>
    public static long NanosecondsOf(DateTimeOffset time) =>
        time.ToUnixTimeMilliseconds() is > 0 and <= long.MaxValue / 1_000_000 and var milliseconds ? milliseconds * 1_000_000 : 0;

    /// <summary>The client's address, and its port if known (OpenTelemetry semantic conventions, <c>client.port</c>).</summary>
    public static (string? Text, int? Port) AddressOf(SecurityEvent securityEvent)
    {
        var literal = IpLiteral.Read(securityEvent.IpAddress, stackalloc char[IpLiteral.MaxTextLength]);
        return (literal.Text.ToString(), literal.Port);
    }

    /// <summary>OpenTelemetry severity number and text for a severity from 0 to 10; FATAL would mean a crash.</summary>
    public static (int Number, string Text) SeverityOf(int severity) => severity switch
    {
        <= 3 => (9, "INFO"),
        <= 6 => (13, "WARN"),
        <= 8 => (17, "ERROR"),
        _ => (18, "ERROR2"),
    };

    private static void Write(Utf8JsonWriter writer, SecurityEvent securityEvent, ReadOnlySpan<byte> formatted, bool isJson)
    {
        var (number, text) = SeverityOf(securityEvent.Severity);
        writer.WriteStartObject();
        writer.WriteString("timeUnixNano"u8, InText(securityEvent.OccurredAt));
        writer.WriteString("observedTimeUnixNano"u8, InText(securityEvent.ReceivedAt));
        writer.WriteNumber("severityNumber"u8, number);
        writer.WriteString("severityText"u8, text);
        writer.WriteString("eventName"u8, NameOf(securityEvent));
        writer.WritePropertyName("body"u8);
        OtlpBody.Write(writer, formatted, isJson);
        writer.WriteStartArray("attributes"u8);
        foreach (var (key, value) in Attributes)
        {
            WriteAttribute(writer, key, value(securityEvent));
        }

        if (AddressOf(securityEvent).Port is { } port)
        {
            writer.WriteStartObject();
            writer.WriteString("key"u8, ClientPort);
            writer.WriteStartObject("value"u8);
            writer.WriteString("intValue"u8, port.ToString(CultureInfo.InvariantCulture));
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static string InText(DateTimeOffset time) => NanosecondsOf(time).ToString(CultureInfo.InvariantCulture);

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
