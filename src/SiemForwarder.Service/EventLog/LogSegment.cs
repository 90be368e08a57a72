using System.Diagnostics;
using SiemForwarder.Events;

namespace SiemForwarder.Service.EventLog;

/// <summary>A stored page in memory: the bytes of its events, and what <see cref="SegmentNormalizer"/> keeps of their normalized form.</summary>
/// <remarks>
/// Whoever gets one holds its body. Who reads many releases it when nothing of it is read any more, and its buffer is used again; for all others the
/// garbage collector finds it.
/// </remarks>
internal sealed class LogSegment(
    int sourceId, EventStream stream, long firstPosition, DateTimeOffset receivedAt, SegmentBody body, EventKey[] keys, long[] times,
    long[]? receivedAfterUs = null, UserNames? names = null)
{
    /// <summary>Held while <see cref="Normalized"/> is read or produced.</summary>
    public Lock Normalizing { get; } = new();

    /// <summary>The normalized slices that are kept, by their number; made on first use, under <see cref="Normalizing"/>.</summary>
    public NormalizedSlice?[] Normalized => field ??= new NormalizedSlice?[(body.Count + SegmentNormalizer.SliceSize - 1) / SegmentNormalizer.SliceSize];

    /// <summary>The span that appended it in this process; default if there was none.</summary>
    public ActivityContext AppendedIn { get; set; }

    public SegmentBody Body => body;

    public int SourceId => sourceId;

    /// <summary>Names of users that the events identify only by id; null if none were found.</summary>
    public UserNames? Names => names;

    public EventStream Stream => stream;

    public long FirstPosition => firstPosition;

    public long LastPosition => firstPosition + body.Count - 1;

    public int Count => body.Count;

    /// <summary>When its first event was received; all events of an unmerged segment have the same time.</summary>
    public DateTimeOffset ReceivedAt => receivedAt;

    /// <summary>Estimated memory in bytes, without the normalized events.</summary>
    public long Weight => body.Weight + (body.Count * 60L);

    public DateTimeOffset ReceivedAtOf(int index) =>
        receivedAfterUs is null ? receivedAt : receivedAt.AddTicks(receivedAfterUs[index] * TimeSpan.TicksPerMicrosecond);

    public EventKey KeyAt(int index) => keys[index];

    public long OccurredAtMs(int index) => times[index];

    /// <summary>The time of an event in the log: its own, or that of its receipt if it has no plausible time.</summary>
    public DateTimeOffset OccurredAt(int index) => DateTimeOffset.FromUnixTimeMilliseconds(
        Math.Clamp(times[index], DateTimeOffset.MinValue.ToUnixTimeMilliseconds(), DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()));

    public ReadOnlyMemory<byte> RawAt(int index) => body[index];
}
