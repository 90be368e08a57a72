using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using SiemForwarder.Connections;
using SiemForwarder.Destinations.Http;
using SiemForwarder.Destinations.S3.Parquet;
using SiemForwarder.Events;

namespace SiemForwarder.Destinations.S3;

/// <summary>Events of a batch that go into one object: of one folder, in order.</summary>
/// <param name="Batch">The batch that they are part of.</param>
/// <param name="Folder">Folder of the object, behind the prefix: <c>prod/2026/11/27/14</c>.</param>
/// <param name="Indexes">Their indexes in the batch, ascending.</param>
/// <param name="Table">The table that all of them are rows of; null for lines.</param>
internal sealed record S3Group(DeliveryBatch Batch, string Folder, IReadOnlyList<int> Indexes, OcsfTable? Table)
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
/// The hour is the one in which the events happened, and a table has the events of one OCSF class.
/// </remarks>
internal sealed class S3Layout(DestinationSettings settings, S3Settings own)
{
    private const string ReplayDetail = "redelivered_by_replay";
    private const int DigestDigits = 16;

    private readonly string root = own.Prefix.Length == 0 ? "" : own.Prefix + "/";

    public bool Gzip => settings.Http.Gzip && !own.IsParquet;

    public string ContentType => own.IsParquet ? "application/vnd.apache.parquet"
        : Gzip ? "application/gzip" : EventValue.IsJson(settings.Http) ? "application/x-ndjson" : "text/plain";

    /// <summary>The objects that a batch becomes, or why it becomes none.</summary>
    public Result<List<S3Group>> Cut(DeliveryBatch batch)
    {
        var groups = new Dictionary<string, (List<int> Indexes, OcsfTable? Table)>(StringComparer.Ordinal);
        for (var index = 0; index < batch.Count; index++)
        {
            var table = own.IsParquet ? OcsfTable.Find(batch[index].Span) : null;
            if (own.IsParquet && table is null)
            {
                return S3Faults.NoTable(settings, batch.Events[index].Type);
            }

            var folder = FolderOf(batch.Events[index], table);
            if (!groups.TryGetValue(folder, out var group))
            {
                groups[folder] = group = ([], table);
            }

            group.Indexes.Add(index);
        }

        return groups.Select(group => new S3Group(batch, group.Key, group.Value.Indexes, group.Value.Table)).ToList();
    }

    /// <summary>The name of the object of a group.</summary>
    public string KeyOf(S3Group group)
    {
        var ending = own.IsParquet ? ".parquet" : (EventValue.IsJson(settings.Http) ? ".ndjson" : ".txt") + (Gzip ? ".gz" : "");
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

    private string FolderOf(SecurityEvent one, OcsfTable? table)
    {
        var (partition, time) = (Segment(own.Partition == S3Partition.Source ? one.Source.Name : one.Source.Realm), one.OccurredAt.UtcDateTime);
        return table is null ? string.Create(CultureInfo.InvariantCulture, $"{partition}/{time:yyyy'/'MM'/'dd'/'HH}")
            : own.Partition == S3Partition.SecurityLake
                ? string.Create(
                    CultureInfo.InvariantCulture,
                    $"{table.CustomSource}/region={own.RegionAt(settings.ServerUrl)}/accountId={own.AccountId}/eventDay={time:yyyyMMdd}")
            // Names that query engines read as columns of the table.
            : string.Create(
                CultureInfo.InvariantCulture,
                $"class={table.Name}/{(own.Partition == S3Partition.Source ? "source" : "realm")}={partition}/day={time:yyyy'-'MM'-'dd}/hour={time:HH}");
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
