using SiemForwarder.Detections.State;

namespace SiemForwarder.Detections.Memories;

/// <summary>What a rule remembers of each user, client or address; bounded, the stalest leave first.</summary>
/// <typeparam name="T">What is remembered of one.</typeparam>
internal sealed class EntityStore<T>(int maxEntities, Func<T, long> touchedAt)
    where T : class, new()
{
    private readonly Dictionary<string, T> entities = new(StringComparer.Ordinal);

    // Finds the text of a known key, so that nothing is allocated for it.
    private Dictionary<string, T>.AlternateLookup<ReadOnlySpan<char>> ByText => entities.GetAlternateLookup<ReadOnlySpan<char>>();

    public int Count => entities.Count;

    /// <summary>All of them by their key.</summary>
    public IEnumerable<KeyValuePair<string, T>> All => entities.OrderBy(one => one.Key, StringComparer.Ordinal);

    public T? Find(string key) => entities.GetValueOrDefault(key);

    /// <summary>What is remembered of an entity, new where nothing was.</summary>
    /// <param name="written">The key as it was written.</param>
    /// <param name="key">The key as it is kept.</param>
    /// <param name="evicted">How many others had to leave.</param>
    public T FindOrAdd(ReadOnlySpan<char> written, out string key, out int evicted)
    {
        evicted = 0;
        if (ByText.TryGetValue(written, out var kept, out var known))
        {
            key = kept;
            return known;
        }

        key = written.ToString();
        return FindOrAdd(key, out evicted);
    }

    /// <summary>What is remembered of an entity, new where nothing was.</summary>
    /// <param name="evicted">How many others had to leave.</param>
    public T FindOrAdd(string key, out int evicted)
    {
        evicted = 0;
        if (entities.TryGetValue(key, out var known))
        {
            return known;
        }

        if (entities.Count >= maxEntities)
        {
            var leaving = Standing.Least(entities, Math.Max(1, maxEntities / 10), (one, entity) => new Standing(0, touchedAt(entity), one));
            leaving.ForEach(one => entities.Remove(one));
            evicted = leaving.Count;
        }

        return entities[key] = new T();
    }

    public void Remove(string key) => entities.Remove(key);

    public void WriteTo(SnapshotWriter writer, Action<T> write)
    {
        writer.Write(entities.Count);
        foreach (var (key, entity) in All)
        {
            writer.Write(key);
            write(entity);
        }
    }

    public void ReadFrom(SnapshotReader reader, Func<T> read)
    {
        for (var left = reader.ReadCount(); left > 0; left--)
        {
            entities[reader.ReadString()] = read();
        }
    }
}

/// <summary>Since when a rule sees the events of each source, for the kinds that learn before they alert.</summary>
internal sealed class WatchedSince
{
    private readonly SortedDictionary<int, long> since = [];

    public void Start(int sourceId, long at) => since.TryAdd(sourceId, at);

    /// <summary>When the source that is watched for the shortest time was first seen; null if none was.</summary>
    public long? NewestStart => since.Count == 0 ? null : since.Values.Max();

    /// <summary>How long the source has been watched at a time, in milliseconds.</summary>
    public long Length(int sourceId, long at) => since.TryGetValue(sourceId, out var from) ? at - from : 0;

    public void WriteTo(SnapshotWriter writer)
    {
        writer.Write(since.Count);
        foreach (var (source, at) in since)
        {
            writer.Write(source);
            writer.Write(at);
        }
    }

    public void ReadFrom(SnapshotReader reader)
    {
        for (var left = reader.ReadCount(); left > 0; left--)
        {
            since[(int)reader.ReadInt64()] = reader.ReadInt64();
        }
    }
}
