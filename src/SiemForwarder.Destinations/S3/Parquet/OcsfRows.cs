using System.Text.Json;
using Parquet;
using Parquet.Schema;
using Parquet.Serialization;

namespace SiemForwarder.Destinations.S3.Parquet;

/// <summary>Writes formatted events of one OCSF class as one table in Parquet.</summary>
internal static class OcsfRows
{
    // What Security Lake asks for, and what reads fastest where the bytes have to be fetched.
    private static readonly ParquetOptions Options = new() { CompressionMethod = CompressionMethod.Zstd };

    /// <param name="table">The table of all these events.</param>
    /// <param name="events">The events, each one object of JSON, in the order of the rows.</param>
    /// <param name="stream">Receives the file; is sought in.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public static async Task WriteAsync(OcsfTable table, IEnumerable<ReadOnlyMemory<byte>> events, Stream stream, CancellationToken cancellationToken)
    {
        var rows = new List<IDictionary<string, object?>>();
        foreach (var one in events)
        {
            using var document = JsonDocument.Parse(one);
            rows.Add(Row(table.Schema.Fields, document.RootElement));
        }

        await ParquetSerializer.SerializeUntypedAsync(rows!, table.Schema, stream, Options, cancellationToken: cancellationToken);
    }

    private static Dictionary<string, object?> Row(IReadOnlyList<Field> fields, JsonElement json)
    {
        var row = new Dictionary<string, object?>(fields.Count, StringComparer.Ordinal);
        foreach (var field in fields)
        {
            row[field.Name] = json.TryGetProperty(field.Name, out var value) ? Value(field, value) : null;
        }

        return row;
    }

    private static object? Value(Field field, JsonElement json) => field switch
    {
        StructField group => Row(group.Fields, json),
        ListField { Item: StructField item } => json.EnumerateArray().Select(IDictionary<string, object?> (element) => Row(item.Fields, element)).ToList(),
        ListField => json.EnumerateArray().Select(element => (ReadOnlyMemory<char>?)element.GetString().AsMemory()).ToList(),
        DataField data => Scalar(data.ClrType, json),
        _ => throw new NotSupportedException($"A column of the kind {field.SchemaType} is in no table."),
    };

    private static object? Scalar(Type type, JsonElement json) =>
        type == typeof(int) ? json.GetInt32()
        : type == typeof(long) ? json.GetInt64()
        : type == typeof(double) ? json.GetDouble()
        : type == typeof(bool) ? json.GetBoolean()
        : json.ValueKind == JsonValueKind.String ? json.GetString() : json.GetRawText();
}
