using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using SiemForwarder.Destinations.Http;
using SiemForwarder.Events;
using SiemForwarder.Events.Bytes;
using SiemForwarder.Events.Formats.Text;

namespace SiemForwarder.Destinations.S3;

/// <summary>Events of a batch that go into one object: of one folder, in order.</summary>
/// <param name="Batch">The batch that they are part of.</param>
/// <param name="Folder">Folder of the object, behind the prefix: <c>prod/2026/11/27/14</c>.</param>
/// <param name="Indexes">Their indexes in the batch, ascending.</param>
internal sealed record S3Group(DeliveryBatch Batch, string Folder, IReadOnlyList<int> Indexes)
{
    public SecurityEvent this[int number] => Batch.Events[Indexes[number]];

    /// <summary>The first events of the group.</summary>
    public S3Group First(int count) => this with { Indexes = [.. Indexes.Take(count)] };

    /// <summary>The events behind those.</summary>
    public S3Group Behind(int count) => this with { Indexes = [.. Indexes.Skip(count)] };
}

/// <summary>Which objects a batch becomes, and what they are named.</summary>
/// <remarks>
/// An object is named after the events in it, so that the same events always make the same object, and another set of events never replaces it.
/// The hour is the one in which the events happened.
/// </remarks>
internal sealed class S3Layout(DestinationSettings settings, S3Settings own)
{
    private const string ReplayDetail = "redelivered_by_replay";
    private const int DigestDigits = 16;

    private readonly string root = own.Prefix.Length == 0 ? "" : own.Prefix + "/";

    public bool Gzip => settings.Http.Gzip;

    public string ContentType => Gzip ? "application/gzip" : EventValue.IsJson(settings.Http) ? "application/x-ndjson" : "text/plain";

    public List<S3Group> Cut(DeliveryBatch batch)
    {
        var groups = new Dictionary<string, List<int>>(StringComparer.Ordinal);
        for (var index = 0; index < batch.Count; index++)
        {
            var folder = FolderOf(batch.Events[index]);
            if (!groups.TryGetValue(folder, out var indexes))
            {
                groups[folder] = indexes = [];
            }

            indexes.Add(index);
        }

        return [.. groups.Select(group => new S3Group(batch, group.Key, group.Value))];
    }

    /// <summary>The name of the object of a group.</summary>
    public string KeyOf(S3Group group)
    {
        var ending = (EventValue.IsJson(settings.Http) ? ".ndjson" : ".txt") + (Gzip ? ".gz" : "");
        return string.Create(CultureInfo.InvariantCulture, $"{StartOfKey(group)}{group.Indexes.Count}-{Digest(group)}{ending}");
    }

    /// <summary>The name of the manifest of a group: in a folder that readers of tables skip.</summary>
    public string ManifestKeyOf(S3Group group) => $"{root}_manifest/{KeyOf(group)[root.Length..]}.json";

    /// <summary>What the name begins with of every object whose first event is that of the group.</summary>
    public string StartOfKey(S3Group group) =>
        string.Create(CultureInfo.InvariantCulture, $"{root}{group.Folder}/{group[0].Source.Id}-{group[0].Position:D12}-");

    /// <summary>How many events of the group, from its first, are one of these objects; 0 if none is, or all are.</summary>
    public int StoredOf(S3Group group, IEnumerable<string> keys)
    {
        var (start, most) = (StartOfKey(group), 0);
        foreach (var key in keys.Where(key => key.StartsWith(start, StringComparison.Ordinal)))
        {
            var told = key[start.Length..].Split('-')[0];
            if (int.TryParse(told, CultureInfo.InvariantCulture, out var count) && count > most && count < group.Indexes.Count
                && key == KeyOf(group.First(count)))
            {
                most = count;
            }
        }

        return most;
    }

    private string FolderOf(SecurityEvent one)
    {
        var partition = Segment(own.ByRealm ? one.Source.Realm : one.Source.Name);
        return string.Create(CultureInfo.InvariantCulture, $"{partition}/{one.OccurredAt.UtcDateTime:yyyy'/'MM'/'dd'/'HH}");
    }

    // Two integrations, or a replay beside the live traffic, send the same events for different reasons: neither may take the other's objects for its own.
    private string Digest(S3Group group)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Add(settings.IntegrationName);
        Add(group[0].Details.FirstOrDefault(detail => detail.Key == ReplayDetail).Value ?? "");
        for (var number = 0; number < group.Indexes.Count; number++)
        {
            Add(group[number].Id);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset())[..DigestDigits];

        void Add(string text) => hash.AppendData(Encoding.UTF8.GetBytes(text + "\n"));
    }

    // What an object's name may hold without being escaped anywhere; a name never begins with what readers of tables skip.
    private static string Segment(string name)
    {
        var safe = string.Concat(name.Select(character => char.IsAsciiLetterOrDigit(character) || character is '.' or '-' or '_' ? character : '-'));
        return safe.Length == 0 ? "unknown" : safe[0] is '.' or '_' ? "-" + safe[1..] : safe;
    }
}

/// <summary>An object as it is stored, and its manifest.</summary>
internal sealed class S3Object : IDisposable
{
    private readonly PooledBuffer lines = new();
    private readonly MemoryStream compressed = new();

    private S3Object(S3Layout layout, S3Group group)
    {
        (Key, ManifestKey, ContentType) = (layout.KeyOf(group), layout.ManifestKeyOf(group), layout.ContentType);
        var isWhole = group.Indexes.Count == group.Batch.Count;
        RequestBody.WriteLines(isWhole ? group.Batch : group.Batch.Select(group.Indexes), lines);
        if (layout.Gzip)
        {
            using var gzip = new GZipStream(compressed, CompressionLevel.Optimal, leaveOpen: true);
            gzip.Write(lines.Written);
        }

        Bytes = layout.Gzip ? compressed.GetBuffer().AsMemory(0, (int)compressed.Length) : lines.Memory;
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

    public static S3Object Of(S3Layout layout, S3Group group) => new(layout, group);

    public static byte[] DigestOf(ReadOnlySpan<byte> bytes) => SHA256.HashData(bytes);

    public void Dispose()
    {
        lines.Dispose();
        compressed.Dispose();
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
