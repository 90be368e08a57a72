using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using SiemForwarder.Events;
using SiemForwarder.Events.Bytes;
using SiemForwarder.Events.Formats.Text;

namespace SiemForwarder.Destinations.Http.Elastic;

/// <summary>Writes the body of a bulk request: for each event a create action line with its id, and a line with the document.</summary>
/// <param name="isJson">Whether events are formatted as JSON; anything else becomes a document with the text as its message.</param>
/// <param name="dataStream">The member <c>data_stream</c> followed by a comma, or nothing.</param>
internal sealed class ElasticBulkBody(bool isJson, byte[] dataStream)
{
    // Both servers reject longer document ids.
    private const int MaxIdLength = 512;

    private static ReadOnlySpan<byte> Timestamp => "@timestamp"u8;

    // A member of our own is an object in every document, whatever else a sender includes.
    private static ReadOnlySpan<byte> SentTimestamp => "\"siemforwarder.sent_timestamp\""u8;

    public void Write(DeliveryBatch batch, PooledBuffer body)
    {
        using var writer = new Utf8JsonWriter(body, EventValue.WriterOptions);
        for (var index = 0; index < batch.Count; index++)
        {
            var securityEvent = batch.Events[index];
            writer.WriteStartObject();
            writer.WriteStartObject("create"u8);
            writer.WriteString("_id"u8, IdOf(securityEvent));
            writer.WriteEndObject();
            writer.WriteEndObject();
            EndLine(writer, body);
            WriteDocument(writer, securityEvent, batch[index].Span, body);
            body.Append((byte)'\n');
        }
    }

    private static string IdOf(SecurityEvent securityEvent) => Encoding.UTF8.GetByteCount(securityEvent.Id) <= MaxIdLength
        ? securityEvent.Id
        : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(securityEvent.Id)));

    private static void EndLine(Utf8JsonWriter writer, PooledBuffer body)
    {
        writer.Flush();
        writer.Reset();
        body.Append((byte)'\n');
    }

    private void WriteDocument(Utf8JsonWriter writer, SecurityEvent securityEvent, ReadOnlySpan<byte> formatted, PooledBuffer body)
    {
        var time = Instants.InText(securityEvent.OccurredAt);
        if (isJson && formatted.Length > 2 && formatted[0] == (byte)'{')
        {
            var found = Look(formatted, securityEvent.OccurredAt);
            body.Append((byte)'{');
            if (!found.HasDataStream)
            {
                body.Append(dataStream);
            }

            if (!found.HasTime)
            {
                // A data stream rejects a document without it.
                body.Append("\"@timestamp\":\""u8);
                body.Append(Encoding.ASCII.GetBytes(time));
                body.Append("\","u8);
            }

            if (found.NameOfAnotherTime is { } name)
            {
                body.Append(formatted[1..name.Start]);
                body.Append(SentTimestamp);
                body.Append(formatted[name.End..]);
                return;
            }

            body.Append(formatted[1..]);
            return;
        }

        writer.WriteStartObject();
        writer.Flush();
        body.Append(dataStream);
        writer.WriteString(Timestamp, time);
        writer.WriteString("message"u8, formatted);
        writer.WriteStartObject("event"u8);
        writer.WriteString("id"u8, securityEvent.Id);
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.Flush();
        writer.Reset();
    }

    private static Found Look(ReadOnlySpan<byte> document, DateTimeOffset occurredAt)
    {
        var found = default(Found);
        var reader = new Utf8JsonReader(document);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            found.HasDataStream |= reader.ValueTextEquals("data_stream"u8);
            if (!reader.ValueTextEquals(Timestamp))
            {
                reader.Skip();
                continue;
            }

            var start = (int)reader.TokenStartIndex;
            var name = start..(start + reader.ValueSpan.Length + 2);
            reader.Read();
            if (reader.TokenType == JsonTokenType.String && reader.TryGetDateTimeOffset(out var time)
                && time.ToUnixTimeMilliseconds() == occurredAt.ToUnixTimeMilliseconds())
            {
                found.HasTime = true;
                continue;
            }

            // The sender wrote a different value: it is kept, and the document gets the event log's time.
            found.NameOfAnotherTime = name;
            reader.Skip();
        }

        return found;
    }

    /// <summary>What a document already contains.</summary>
    private struct Found
    {
        public bool HasTime;
        public bool HasDataStream;

        /// <summary>The position, including quotes, of a <c>@timestamp</c> name whose value is not the time of the event.</summary>
        public Range? NameOfAnotherTime;
    }
}
