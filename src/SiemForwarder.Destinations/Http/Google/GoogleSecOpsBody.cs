using System.Text.Encodings.Web;
using System.Text.Json;
using SiemForwarder.Events;
using SiemForwarder.Events.Bytes;
using SiemForwarder.Events.Formats.Text;

namespace SiemForwarder.Destinations.Http.Google;

/// <summary>Writes the request bodies of both import APIs and of the push feed.</summary>
/// <param name="own">Which API, and in which form events are sent.</param>
/// <param name="isJson">Whether events are formatted as JSON.</param>
internal sealed class GoogleSecOpsBody(GoogleSecOpsSettings own, bool isJson) : IDisposable
{
    private readonly PooledBuffer records = new();

    public void Write(DeliveryBatch batch, PooledBuffer body)
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
                writer.WriteString("logEntryTime"u8, Instants.InText(batch.Events[index].OccurredAt));
                writer.WriteString("collectionTime"u8, Instants.InText(batch.Events[index].ReceivedAt));
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
            writer.WriteString("ts_rfc3339"u8, Instants.InText(logs.Events[index].OccurredAt));
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    /// <summary>The same events, each as the change record of a row in Keycloak's tables.</summary>
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
            ends[index] = records.Length;
        }

        return new DeliveryBatch(records.Memory, ends, batch.Events.ToArray());
    }
}

/// <summary>
/// Writes an event in the form that Google's own parser for the log type KEYCLOAK reads: the change record of an inserted row in Keycloak's tables
/// EVENT_ENTITY and ADMIN_EVENT_ENTITY (Google Datastream, event format).
/// </summary>
/// <remarks>Columns are those of Keycloak's tables, in lower case as PostgreSQL names them; unknown ones are null. The representation of admin
/// events is omitted.</remarks>
internal static class KeycloakChangeRecord
{
    public static void Write(Utf8JsonWriter writer, SecurityEvent securityEvent)
    {
        var isAdmin = securityEvent.Kind == EventKind.Admin;
        var occurredAt = Instants.InText(securityEvent.OccurredAt);
        writer.WriteStartObject();
        writer.WriteString("uuid"u8, securityEvent.Id);
        writer.WriteString("read_timestamp"u8, Instants.InText(securityEvent.ReceivedAt));
        writer.WriteString("source_timestamp"u8, occurredAt);
        writer.WriteString("object"u8, isAdmin ? "public_admin_event_entity"u8 : "public_event_entity"u8);
        writer.WriteStartObject("source_metadata"u8);
        writer.WriteString("schema"u8, "public"u8);
        writer.WriteString("table"u8, isAdmin ? "admin_event_entity"u8 : "event_entity"u8);
        writer.WriteBoolean("is_deleted"u8, false);
        writer.WriteString("change_type"u8, "INSERT"u8);
        writer.WriteEndObject();
        writer.WriteStartObject("payload"u8);
        writer.WriteString("id"u8, securityEvent.Id);
        writer.WriteString("realm_id"u8, securityEvent.RealmId ?? securityEvent.Source.Realm);
        writer.WriteString("ip_address"u8, securityEvent.IpAddress);
        writer.WriteString("error"u8, securityEvent.Reason);
        if (isAdmin)
        {
            WriteAdminRow(writer, securityEvent);
        }
        else
        {
            WriteUserRow(writer, securityEvent);
        }

        writer.WriteString("details_json"u8, DetailsOf(securityEvent));
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void WriteUserRow(Utf8JsonWriter writer, SecurityEvent securityEvent)
    {
        writer.WriteString("type"u8, securityEvent.Type);
        writer.WriteNumber("event_time"u8, securityEvent.OccurredAt.ToUnixTimeMilliseconds());
        writer.WriteString("client_id"u8, securityEvent.ClientId);
        writer.WriteString("user_id"u8, securityEvent.Subject?.Id ?? securityEvent.Actor?.Id);
        writer.WriteString("session_id"u8, securityEvent.SessionId);
    }

    private static void WriteAdminRow(Utf8JsonWriter writer, SecurityEvent securityEvent)
    {
        writer.WriteNumber("admin_event_time"u8, securityEvent.OccurredAt.ToUnixTimeMilliseconds());
        writer.WriteString("operation_type"u8, securityEvent.Admin?.Operation);
        writer.WriteString("resource_type"u8, securityEvent.Admin?.ResourceType);
        writer.WriteString("resource_path"u8, securityEvent.Admin?.ResourcePath);
        writer.WriteString("auth_realm_id"u8, securityEvent.Actor?.Realm);
        writer.WriteString("auth_client_id"u8, securityEvent.Actor?.ClientId);
        writer.WriteString("auth_user_id"u8, securityEvent.Actor?.Id);
    }

    // Keycloak stores the details as JSON in a text column.
    private static string DetailsOf(SecurityEvent securityEvent)
    {
        var details = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in securityEvent.Details)
        {
            details[name] = value;
        }

        return JsonSerializer.Serialize(details);
    }
}
