using SiemForwarder.Detections.Matching;
using SiemForwarder.Detections.Rules;
using SiemForwarder.Detections.State;

namespace SiemForwarder.Detections.Memories;

/// <summary><c>baseline</c>: hits once for each bucket of time that holds many times the median of those before.</summary>
/// <remarks>The median, not the mean: one attack must not raise the bar for the next.</remarks>
internal sealed class BaselineState(DetectionRule rule, BaselineSettings settings, EngineOptions options)
    : RuleState(rule, [.. settings.Per.Select(field => field.Name)], options)
{
    private readonly long bucketMs = (long)settings.Bucket.TotalMilliseconds;
    private readonly int maxValues = options.MaxValues;
    private readonly EntityStore<BucketHistory> groups = new(options.MaxGroups, history => history.NewestBucket);

    private long? firstBucket;

    public override int GroupCount => groups.Count;

    // A quarter of the history makes a baseline.
    public override long? LearnedAt => (firstBucket * bucketMs) + (settings.BucketCount * bucketMs / 4);

    public override void Follow(Occasion occasion)
    {
        var high = occasion.HighFor(rule.Alerts.Scope);
        var at = occasion.Mark.At;
        var text = settings.Field is { } field ? occasion.Find(field) : "";
        if (at < high - (settings.BucketCount * bucketMs))
        {
            CountLate();
            return;
        }

        if (!occasion.WriteKey(rule.Alerts.Scope, settings.Per))
        {
            CountUngrouped();
            return;
        }

        if (text is null)
        {
            return;
        }

        var history = groups.FindOrAdd(occasion.Key.Written, out var key, out var evicted);
        CountEvicted(evicted, at);
        var bucket = (long)Math.Floor((double)at / bucketMs);
        firstBucket = Math.Min(firstBucket ?? bucket, bucket);
        var openFrom = (long)Math.Floor((double)(high - LatenessMs) / bucketMs);
        if (history.IsTold(bucket))
        {
            return;
        }

        history.Add(bucket, AmountOf(history, bucket, text, openFrom), settings.BucketCount);
        if (bucket < openFrom || history.BaselineOf(bucket, settings) is not { } baseline)
        {
            return;
        }

        var threshold = settings.Factor * Math.Max(baseline, 1);
        var count = history.CountOf(bucket);
        if (count <= threshold || count < settings.Minimum)
        {
            return;
        }

        history.Tell(bucket, threshold);
        // The other events of the bucket are only counted, so who they name is not known.
        if (Hits(occasion, key, occasion.Mark, Parties.None, out var suppressed))
        {
            // A bucket belongs to a source, where the group does.
            var source = GroupKey.SourceOf(key) is { } number ? AlertId.Part(number) : "";
            Tell(occasion, key, new Evidence(occasion.Mark, [occasion.Mark], []), count, suppressed, source, AlertId.Part(bucket * bucketMs));
        }
    }

    protected override void WriteMemory(SnapshotWriter writer) => groups.WriteTo(writer, history => history.WriteTo(writer));

    protected override void ReadMemory(SnapshotReader reader) => groups.ReadFrom(reader, () =>
    {
        var history = BucketHistory.ReadFrom(reader);
        firstBucket = Math.Min(firstBucket ?? history.FirstBucket, history.FirstBucket);
        return history;
    });

    // Of a bucket that is closed the values are gone: a late one adds nothing to them.
    private int AmountOf(BucketHistory history, long bucket, string text, long openFrom) => settings.Count switch
    {
        BaselineCount.Events => 1,
        BaselineCount.Distinct => bucket >= openFrom && history.IsNewValue(bucket, GroupKey.Bound(text), maxValues, openFrom) ? 1 : 0,
        _ => NumberText.TryParse(text, out var number) ? (int)Math.Clamp(Math.Round(number.Near), int.MinValue, int.MaxValue) : 0,
    };
}
