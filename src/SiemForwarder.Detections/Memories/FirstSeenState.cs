using SiemForwarder.Detections.Rules;
using SiemForwarder.Detections.State;

namespace SiemForwarder.Detections.Memories;

/// <summary><c>first_seen</c>: hits where an entity has a value that it never had within the memory, or was silent for long.</summary>
internal sealed class FirstSeenState(DetectionRule rule, FirstSeenSettings settings, EngineOptions options)
    : RuleState(rule, [.. settings.Per.Select(field => field.Name)], options)
{
    private readonly long memoryMs = (long)settings.Memory.TotalMilliseconds;
    private readonly long learnMs = (long)settings.Learn.TotalMilliseconds;
    private readonly long? silenceMs = (long?)settings.SilenceBefore?.TotalMilliseconds;
    private readonly int maxValues = options.MaxValues;
    private readonly EntityStore<Entity> entities = new(options.MaxEntities, entity => entity.LastAt);
    private readonly WatchedSince since = new();

    private record struct Sighting(long FirstAt, long LastAt);

    private sealed class Entity
    {
        public long FirstAt { get; set; } = long.MaxValue;

        public long LastAt { get; set; } = long.MinValue;

        public long EventCount { get; set; }

        public Dictionary<string, Sighting> Values { get; } = new(StringComparer.Ordinal);
    }

    public override int GroupCount => entities.Count;

    public override long? LearnedAt => since.NewestStart + learnMs;

    public override void Start(int sourceId, long at) => since.Start(sourceId, at);

    public override void Follow(Occasion occasion)
    {
        var value = settings.Field is { } field ? occasion.Find(field) : "";
        if (!occasion.WriteKey(rule.Alerts.Scope, settings.Per))
        {
            CountUngrouped();
            return;
        }

        if (value is null)
        {
            return;
        }

        value = GroupKey.Bound(value);
        var at = occasion.Mark.At;
        var entity = entities.FindOrAdd(occasion.Key.Written, out var key, out var evicted);
        CountEvicted(evicted, at);
        var isKnown = entity.EventCount >= settings.MinEvents && at - entity.FirstAt >= learnMs && since.Length(occasion.Mark.SourceId, at) >= learnMs;
        var isNew = silenceMs is { } silence ? at - entity.LastAt > silence : IsNew(entity, value, at);
        Remember(entity, value, at);
        if (isKnown && isNew && Hits(occasion, key, occasion.Mark, Parties.All, out var suppressed))
        {
            Tell(occasion, key, Evidence.Of(occasion), null, suppressed, AlertId.Part(occasion.Mark));
        }
    }

    protected override void WriteMemory(SnapshotWriter writer)
    {
        since.WriteTo(writer);
        entities.WriteTo(writer, entity =>
        {
            writer.Write(entity.FirstAt);
            writer.Write(entity.LastAt);
            writer.Write(entity.EventCount);
            writer.Write(entity.Values.Count);
            foreach (var (value, seen) in entity.Values.OrderBy(one => one.Key, StringComparer.Ordinal))
            {
                writer.Write(value);
                writer.Write(seen.FirstAt);
                writer.Write(seen.LastAt);
            }
        });
    }

    protected override void ReadMemory(SnapshotReader reader)
    {
        since.ReadFrom(reader);
        entities.ReadFrom(reader, () =>
        {
            var entity = new Entity { FirstAt = reader.ReadInt64(), LastAt = reader.ReadInt64(), EventCount = reader.ReadInt64() };
            for (var left = reader.ReadCount(); left > 0; left--)
            {
                entity.Values[reader.ReadString()] = new Sighting(reader.ReadInt64(), reader.ReadInt64());
            }

            return entity;
        });
    }

    // An event that comes late, before the first of its value, is no news: the value is known by now.
    private bool IsNew(Entity entity, string value, long at) =>
        !entity.Values.TryGetValue(value, out var seen) || (at > seen.LastAt && at - seen.LastAt > memoryMs);

    private void Remember(Entity entity, string value, long at)
    {
        entity.FirstAt = Math.Min(entity.FirstAt, at);
        entity.LastAt = Math.Max(entity.LastAt, at);
        entity.EventCount++;
        if (silenceMs is not null)
        {
            return;
        }

        if (entity.Values.TryGetValue(value, out var seen))
        {
            entity.Values[value] = new Sighting(Math.Min(seen.FirstAt, at), Math.Max(seen.LastAt, at));
            return;
        }

        if (entity.Values.Count >= maxValues)
        {
            entity.Values.Remove(entity.Values.OrderBy(one => one.Value.LastAt).ThenBy(one => one.Key, StringComparer.Ordinal).First().Key);
            CountEvicted(1, at);
        }

        entity.Values[value] = new Sighting(at, at);
    }
}
