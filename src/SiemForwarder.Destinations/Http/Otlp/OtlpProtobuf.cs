using System.Buffers.Binary;
using System.Text;
using SiemForwarder.Events;
using SiemForwarder.Events.Bytes;

namespace SiemForwarder.Destinations.Http.Otlp;

/// <summary>Writes the same log records as <see cref="OtlpRecord"/> in OTLP's binary form (opentelemetry-proto 1.11, collector/logs/v1
/// and logs/v1).</summary>
/// <remarks>Without Google.Protobuf, whose messages are several objects per record; here the bytes go straight into the pooled body.</remarks>
internal sealed class OtlpProtobuf : IDisposable
{
    // ExportLogsServiceRequest
    private const int ResourceLogs = 1;

    // ResourceLogs
    private const int Resource = 1;
    private const int ScopeLogs = 2;

    // ScopeLogs
    private const int Scope = 1;
    private const int LogRecords = 2;

    // LogRecord
    private const int TimeUnixNano = 1;
    private const int SeverityNumber = 2;
    private const int SeverityText = 3;
    private const int Body = 5;
    private const int Attributes = 6;
    private const int ObservedTimeUnixNano = 11;
    private const int EventName = 12;

    private readonly OtlpProtobufBody body = new();
    private readonly PooledBuffer record = new();
    private readonly PooledBuffer scope = new();
    private readonly PooledBuffer resource = new();

    /// <summary>One request: a batch comes from one source, so it has one resource. A batch without events produces the empty request.</summary>
    public void WriteRequest(PooledBuffer output, DeliveryBatch batch, string serviceName, bool isJson)
    {
        if (batch.Count == 0)
        {
            return;
        }

        scope.Clear();
        record.Clear();
        ProtobufOutput.WriteString(record, 1, OtlpRecord.ScopeName);
        ProtobufOutput.WriteString(record, 2, OtlpRecord.ScopeVersion);
        ProtobufOutput.WriteBytes(scope, Scope, record.Written);
        for (var index = 0; index < batch.Count; index++)
        {
            record.Clear();
            WriteRecord(batch.Events[index], batch[index].Span, isJson);
            ProtobufOutput.WriteBytes(scope, LogRecords, record.Written);
        }

        record.Clear();
        foreach (var (key, value) in OtlpRecord.ResourceOf(batch, serviceName))
        {
            WriteAttribute(record, 1, key, value);
        }

        resource.Clear();
        ProtobufOutput.WriteBytes(resource, Resource, record.Written);
        ProtobufOutput.WriteBytes(resource, ScopeLogs, scope.Written);
        ProtobufOutput.WriteBytes(output, ResourceLogs, resource.Written);
    }

    public void Dispose()
    {
        body.Dispose();
        record.Dispose();
        scope.Dispose();
        resource.Dispose();
    }

    private void WriteRecord(SecurityEvent securityEvent, ReadOnlySpan<byte> formatted, bool isJson)
    {
        var (number, text) = OtlpRecord.SeverityOf(securityEvent.Severity);
        ProtobufOutput.WriteFixed64(record, TimeUnixNano, (ulong)OtlpRecord.NanosecondsOf(securityEvent.OccurredAt));
        ProtobufOutput.WriteNumber(record, SeverityNumber, (ulong)number);
        ProtobufOutput.WriteString(record, SeverityText, text);
        ProtobufOutput.WriteBytes(record, Body, body.Write(formatted, isJson));
        foreach (var (key, value) in OtlpRecord.Attributes)
        {
            WriteAttribute(record, Attributes, key, value(securityEvent));
        }

        if (OtlpRecord.AddressOf(securityEvent).Port is { } port)
        {
            ProtobufOutput.WriteBytes(record, Attributes, body.WriteNumber(OtlpRecord.ClientPort, port));
        }

        ProtobufOutput.WriteFixed64(record, ObservedTimeUnixNano, (ulong)OtlpRecord.NanosecondsOf(securityEvent.ReceivedAt));
        ProtobufOutput.WriteString(record, EventName, OtlpRecord.NameOf(securityEvent));
    }

    // KeyValue { key = 1, value = 2: AnyValue { string_value = 1 } }
    private static void WriteAttribute(PooledBuffer output, int field, string key, string? value)
    {
        if (string.IsNullOrEmpty(value))
        {
            return;
        }

        var ofValue = ProtobufOutput.SizeOf(Encoding.UTF8.GetByteCount(value));
        ProtobufOutput.WriteHead(output, field, ProtobufOutput.SizeOf(Encoding.UTF8.GetByteCount(key)) + ProtobufOutput.SizeOf(ofValue));
        ProtobufOutput.WriteString(output, 1, key);
        ProtobufOutput.WriteHead(output, 2, ofValue);
        ProtobufOutput.WriteString(output, 1, value);
    }
}

/// <summary>Writes fields in the Protocol Buffers wire format (protobuf.dev, Encoding); empty strings and zeros are omitted, as in proto3.</summary>
internal static class ProtobufOutput
{
    private const int Number = 0;
    private const int Fixed64 = 1;
    private const int LengthDelimited = 2;

    public static void WriteNumber(PooledBuffer output, int field, ulong value)
    {
        if (value != 0)
        {
            WriteTag(output, field, Number);
            WriteVarint(output, value);
        }
    }

    /// <summary>A varint of a oneof, which is written even if it is 0.</summary>
    public static void WriteChosen(PooledBuffer output, int field, ulong value)
    {
        WriteTag(output, field, Number);
        WriteVarint(output, value);
    }

    /// <summary>A double of a oneof.</summary>
    public static void WriteChosen(PooledBuffer output, int field, double value)
    {
        WriteTag(output, field, Fixed64);
        BinaryPrimitives.WriteDoubleLittleEndian(output.Take(sizeof(double)), value);
    }

    public static void WriteFixed64(PooledBuffer output, int field, ulong value)
    {
        if (value != 0)
        {
            WriteTag(output, field, Fixed64);
            BinaryPrimitives.WriteUInt64LittleEndian(output.Take(sizeof(ulong)), value);
        }
    }

    /// <summary>A string already in UTF-8, or a complete message.</summary>
    public static void WriteBytes(PooledBuffer output, int field, ReadOnlySpan<byte> bytes)
    {
        WriteHead(output, field, bytes.Length);
        output.Append(bytes);
    }

    public static void WriteString(PooledBuffer output, int field, string? text)
    {
        if (!string.IsNullOrEmpty(text))
        {
            var size = Encoding.UTF8.GetByteCount(text);
            WriteHead(output, field, size);
            Encoding.UTF8.GetBytes(text, output.Take(size));
        }
    }

    /// <summary>Tag and length of a field whose bytes follow.</summary>
    public static void WriteHead(PooledBuffer output, int field, int length)
    {
        WriteTag(output, field, LengthDelimited);
        WriteVarint(output, (ulong)length);
    }

    /// <summary>Size of a string field including its tag, for field numbers below 16.</summary>
    public static int SizeOf(int utf8Length) => 1 + Varint.SizeOf((ulong)utf8Length) + utf8Length;

    private static void WriteTag(PooledBuffer output, int field, int wireType) => WriteVarint(output, (ulong)((field << 3) | wireType));

    private static void WriteVarint(PooledBuffer output, ulong value) => output.Advance(Varint.Write(output.GetSpan(Varint.MaxSize), value));
}
