using System.Text;
using SiemForwarder.Events;

namespace SiemForwarder.Destinations.Http.Otlp;

/// <summary>Writes the same log records as <see cref="OtlpRecord"/> in the binary form of OTLP (opentelemetry-proto 1.11, collector/logs/v1
/// and logs/v1).</summary>
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

    private readonly PooledStream record = new();
    private readonly PooledStream scope = new();
    private readonly PooledStream resource = new();

    /// <summary>One request: a batch is of one source, so it has one resource. No events make the empty request.</summary>
    public void WriteRequest(PooledStream output, DeliveryBatch batch, string serviceName)
    {
        if (batch.Count == 0)
        {
            return;
        }

        scope.Clear();
        record.Clear();
        ProtobufOutput.WriteString(record, 1, OtlpRecord.ScopeName);
        ProtobufOutput.WriteString(record, 2, OtlpRecord.ScopeVersion);
        ProtobufOutput.WriteBytes(scope, Scope, record.WrittenSpan);
        for (var index = 0; index < batch.Count; index++)
        {
            record.Clear();
            WriteRecord(batch.Events[index], batch[index].Span);
            ProtobufOutput.WriteBytes(scope, LogRecords, record.WrittenSpan);
        }

        record.Clear();
        foreach (var (key, value) in OtlpRecord.ResourceOf(batch, serviceName))
        {
            WriteAttribute(record, 1, key, value);
        }

        resource.Clear();
        ProtobufOutput.WriteBytes(resource, Resource, record.WrittenSpan);
        ProtobufOutput.WriteBytes(resource, ScopeLogs, scope.WrittenSpan);
        ProtobufOutput.WriteBytes(output, ResourceLogs, resource.WrittenSpan);
    }

    public void Dispose()
    {
        record.Dispose();
        scope.Dispose();
        resource.Dispose();
    }

    private void WriteRecord(SecurityEvent securityEvent, ReadOnlySpan<byte> formatted)
    {
        var (number, text) = OtlpRecord.SeverityOf(securityEvent.Severity);
        ProtobufOutput.WriteFixed64(record, TimeUnixNano, (ulong)OtlpRecord.NanosecondsOf(securityEvent.OccurredAt));
        ProtobufOutput.WriteNumber(record, SeverityNumber, (ulong)number);
        ProtobufOutput.WriteString(record, SeverityText, text);
        ProtobufOutput.WriteHead(record, Body, ProtobufOutput.SizeOf(formatted.Length));
        ProtobufOutput.WriteBytes(record, 1, formatted);
        foreach (var (key, value) in OtlpRecord.Attributes)
        {
            WriteAttribute(record, Attributes, key, value(securityEvent));
        }

        ProtobufOutput.WriteFixed64(record, ObservedTimeUnixNano, (ulong)OtlpRecord.NanosecondsOf(securityEvent.ReceivedAt));
        ProtobufOutput.WriteString(record, EventName, OtlpRecord.NameOf(securityEvent));
    }

    // KeyValue { key = 1, value = 2: AnyValue { string_value = 1 } }
    private static void WriteAttribute(PooledStream output, int field, string key, string? value)
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
