using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace SiemForwarder.Destinations.Http.Google;

/// <summary>Writes the bodies of both import APIs and of the push feed.</summary>
/// <param name="own">Which of them, and in which form events go in.</param>
/// <param name="isJson">Whether events are formatted as JSON.</param>
internal sealed class GoogleSecOpsBody(GoogleSecOpsSettings own, bool isJson) : IDisposable
{
    private readonly PooledStream records = new();

    public void Write(DeliveryBatch batch, PooledStream body)
    {
        if (own.Feed)
        {
            RequestBody.WriteLines(own.ChangeRecords ? AsChangeRecords(batch) : batch, body);
            return;
        }

        using var writer = new Utf8JsonWriter(body, EventValue.WriterOptions);
        writer.WriteStartObject();
        if (own.Legacy)
        {
            WriteLegacy(writer, batch);
        }
        else
        {
            writer.WriteStartObject("inlineSource"u8);
            WriteInlineSource(writer, own.ChangeRecords ? AsChangeRecords(batch) : batch);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    public void Dispose() => records.Dispose();

    private void WriteInlineSource(Utf8JsonWriter writer, DeliveryBatch batch)
    {
        if (own.Forwarder is not null && !own.Udm)
        {
            writer.WriteString("forwarder"u8, own.Forwarder);
        }

        writer.WriteStartArray(own.Udm ? "events"u8 : "logs"u8);
        for (var index = 0; index < batch.Count; index++)
        {
            writer.WriteStartObject();
            if (own.Udm)
            {
                writer.WritePropertyName("udm"u8);
                EventValue.Write(writer, batch[index].Span, isJson);
            }
            else
            {
                writer.WriteBase64String("data"u8, batch[index].Span);
                writer.WriteString("logEntryTime"u8, InText(batch.Events[index].OccurredAt));
                writer.WriteString("collectionTime"u8, InText(batch.Events[index].ReceivedAt));
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private void WriteLegacy(Utf8JsonWriter writer, DeliveryBatch batch)
    {
        writer.WriteString("customer_id"u8, own.CustomerId);
        if (own.Udm)
        {
            writer.WriteStartArray("events"u8);
            for (var index = 0; index < batch.Count; index++)
            {
                EventValue.Write(writer, batch[index].Span, isJson);
            }

            writer.WriteEndArray();
            return;
        }

        var logs = own.ChangeRecords ? AsChangeRecords(batch) : batch;
        writer.WriteString("log_type"u8, own.LogType);
        writer.WriteStartArray("entries"u8);
        for (var index = 0; index < logs.Count; index++)
        {
            writer.WriteStartObject();
            writer.WriteString("log_text"u8, logs[index].Span);
            writer.WriteString("ts_rfc3339"u8, InText(logs.Events[index].OccurredAt));
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    /// <summary>The same events, each as the change record of a row of Keycloak's tables.</summary>
    private DeliveryBatch AsChangeRecords(DeliveryBatch batch)
    {
        records.Clear();
        var ends = new int[batch.Count];
        using var writer = new Utf8JsonWriter(records, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        for (var index = 0; index < batch.Count; index++)
        {
            KeycloakChangeRecord.Write(writer, batch.Events[index]);
            writer.Flush();
            writer.Reset();
            ends[index] = (int)records.Length;
        }

        return new DeliveryBatch(records.Written, ends, batch.Events.ToArray());
    }

    private static string InText(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
