using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json;
using SiemForwarder.Destinations.Http;
using SiemForwarder.Destinations.S3.Parquet;
using SiemForwarder.Events.Bytes;
using SiemForwarder.Events.Formats.Text;

namespace SiemForwarder.Destinations.S3;

/// <summary>An object as it is stored, and its manifest.</summary>
internal sealed class S3Object : IDisposable
{
    private readonly PooledBuffer lines;
    private readonly MemoryStream stored;

    private S3Object(S3Layout layout, S3Group group, PooledBuffer lines, MemoryStream stored)
    {
        (this.lines, this.stored) = (lines, stored);
        (Key, ManifestKey, ContentType) = (layout.KeyOf(group), layout.ManifestKeyOf(group), layout.ContentType);
        Bytes = stored.Length > 0 ? stored.GetBuffer().AsMemory(0, (int)stored.Length) : lines.Memory;
        Digest = DigestOf(Bytes.Span);
        Manifest = WriteManifest(group);
    }

    public string Key { get; }

    public string ManifestKey { get; }

    public string ContentType { get; }

    /// <summary>The events, one per line.</summary>
    public ReadOnlyMemory<byte> Lines => lines.Memory;

    /// <summary>The same as stored.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>SHA-256 of <see cref="Bytes"/>.</summary>
    public byte[] Digest { get; }

    public ReadOnlyMemory<byte> Manifest { get; }

    public static async Task<S3Object> OfAsync(S3Layout layout, S3Group group, CancellationToken cancellationToken)
    {
        var (lines, stored) = (new PooledBuffer(), new MemoryStream());
        if (group.Table is { } table)
        {
            await OcsfRows.WriteAsync(table, group.Indexes.Select(index => group.Batch[index]), stored, cancellationToken);
        }

        var isWhole = group.Indexes.Count == group.Batch.Count;
        RequestBody.WriteLines(isWhole ? group.Batch : group.Batch.Select(group.Indexes), lines);
        if (layout.Gzip)
        {
            await using var gzip = new GZipStream(stored, CompressionLevel.Optimal, leaveOpen: true);
            gzip.Write(lines.Written);
        }

        return new S3Object(layout, group, lines, stored);
    }

    public static byte[] DigestOf(ReadOnlySpan<byte> bytes) => SHA256.HashData(bytes);

    public void Dispose()
    {
        lines.Dispose();
        stored.Dispose();
    }

    private byte[] WriteManifest(S3Group group)
    {
        var (first, last) = (group[0], group[group.Indexes.Count - 1]);
        using var json = new MemoryStream();
        using (var writer = new Utf8JsonWriter(json, EventValue.WriterOptions))
        {
            writer.WriteStartObject();
            writer.WriteString("object"u8, Key);
            writer.WriteNumber("events"u8, group.Indexes.Count);
            if (group.Table is { } table)
            {
                writer.WriteString("class"u8, table.Name);
            }

            writer.WriteString("source"u8, first.Source.Name);
            writer.WriteNumber("firstPosition"u8, first.Position);
            writer.WriteNumber("lastPosition"u8, last.Position);
            writer.WriteString("firstEventId"u8, first.Id);
            writer.WriteString("lastEventId"u8, last.Id);
            writer.WriteString("firstTime"u8, Instants.InText(group.Indexes.Min(index => group.Batch.Events[index].OccurredAt)));
            writer.WriteString("lastTime"u8, Instants.InText(group.Indexes.Max(index => group.Batch.Events[index].OccurredAt)));
            writer.WriteNumber("bytes"u8, Bytes.Length);
            writer.WriteString("sha256"u8, Convert.ToHexStringLower(Digest));
            writer.WriteEndObject();
        }

        return json.ToArray();
    }
}
