using System.Buffers.Text;
using System.Text.Json;
using SiemForwarder.Events;
using SiemForwarder.Events.Bytes;

namespace SiemForwarder.Destinations.Http.Splunk;

/// <summary>The metadata for every event in the envelope of the HTTP Event Collector; null members are omitted.</summary>
/// <param name="Host">Host of the event; null to use the host of the event's source.</param>
/// <param name="Source">Source; null to use <c>keycloak:</c> followed by the name of the event's source.</param>
/// <param name="SourceType">Source type.</param>
/// <param name="Index">Index; null to use the token's default.</param>
internal sealed record HecEnvelope(string? Host, string? Source, string? SourceType, string? Index)
{
    private const int MaxTimeLength = 24;

    /// <summary>Writes envelopes one after another, separated only by line feeds.</summary>
    /// <remarks>Only the seven known keys: after an unknown one, Splunk silently drops the rest of the body.</remarks>
    public void Write(DeliveryBatch batch, bool isJson, PooledBuffer body)
    {
        using var writer = new Utf8JsonWriter(body, EventValue.WriterOptions);
        for (var index = 0; index < batch.Count; index++)
        {
            WriteOne(writer, batch.Events[index], batch[index].Span, isJson);
            writer.Flush();
            writer.Reset();
            body.Append((byte)'\n');
        }
    }

    private void WriteOne(Utf8JsonWriter writer, SecurityEvent securityEvent, ReadOnlySpan<byte> formatted, bool isJson)
    {
        Span<byte> time = stackalloc byte[MaxTimeLength];
        Utf8Formatter.TryFormat(securityEvent.OccurredAt.ToUnixTimeMilliseconds() / 1000m, time, out var length, new System.Buffers.StandardFormat('F', 3));
        writer.WriteStartObject();
        writer.WritePropertyName("time"u8);
        writer.WriteRawValue(time[..length], skipInputValidation: true);
        if ((Host ?? securityEvent.Source.Host) is { Length: > 0 } host)
        {
            writer.WriteString("host"u8, host);
        }

        writer.WriteString("source"u8, Source ?? $"keycloak:{securityEvent.Source.Name}");
        if (SourceType is not null)
        {
            writer.WriteString("sourcetype"u8, SourceType);
        }

        if (Index is not null)
        {
            writer.WriteString("index"u8, Index);
        }

        if (securityEvent.Source.Realm.Length > 0)
        {
            writer.WriteStartObject("fields"u8);
            writer.WriteString("realm"u8, securityEvent.Source.Realm);
            writer.WriteEndObject();
        }

        writer.WritePropertyName("event"u8);
        EventValue.Write(writer, formatted, isJson);
        writer.WriteEndObject();
    }
}
