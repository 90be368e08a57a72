using SiemForwarder.Events;
using SiemForwarder.Service.Location;

namespace SiemForwarder.Service.EventLog;

/// <summary>A stored page in memory: the bytes of its events, and the normalized events once somebody asked for them.</summary>
internal sealed class LogSegment(
    int sourceId, EventStream stream, long firstPosition, DateTimeOffset receivedAt, byte[] bytes, int[] ends, EventKey[] keys, long[] times,
    long[]? receivedAfterUs = null)
{
    // Normalized events weigh about twice their JSON; the estimate bounds the cache, nothing else depends on it.
    private const int WeightFactor = 4;

    private readonly Lock normalizing = new();
    private SecurityEvent[]? normalized;
    private EventSource? normalizedFor;
    private int locatedBy;

    public int SourceId => sourceId;

    public EventStream Stream => stream;

    public long FirstPosition => firstPosition;

    public long LastPosition => firstPosition + ends.Length - 1;

    public int Count => ends.Length;

    /// <summary>When its first event was received; all of them, where the segment is not a merged one.</summary>
    public DateTimeOffset ReceivedAt => receivedAt;

    /// <summary>Estimated bytes of memory.</summary>
    public long Weight => ((long)bytes.Length * WeightFactor) + (ends.Length * 64L);

    public DateTimeOffset ReceivedAtOf(int index) =>
        receivedAfterUs is null ? receivedAt : receivedAt.AddTicks(receivedAfterUs[index] * TimeSpan.TicksPerMicrosecond);

    public EventKey KeyAt(int index) => keys[index];

    public long OccurredAtMs(int index) => times[index];

    public ReadOnlyMemory<byte> RawAt(int index)
    {
        var start = index == 0 ? 0 : ends[index - 1];
        return bytes.AsMemory(start, ends[index] - start);
    }

    /// <summary>The normalized events in the order of their positions, with where their addresses are; made once, whoever asks first.</summary>
    public SecurityEvent[] Normalize(EventSource source, IpLocations locations)
    {
        var edition = locations.Refresh();
        lock (normalizing)
        {
            if (normalized is null || !source.Equals(normalizedFor) || locatedBy != edition)
            {
                var events = new SecurityEvent[ends.Length];
                for (var i = 0; i < events.Length; i++)
                {
                    var one = EventNormalizer.Normalize(stream, RawAt(i), keys[i], source, firstPosition + i, times[i], ReceivedAtOf(i));

                    // What a sender says of its own event is worth more than what its address says.
                    events[i] = one.Location is null && locations.Find(one.IpAddress) is { } location ? one with { Location = location } : one;
                }

                (normalized, normalizedFor, locatedBy) = (events, source, edition);
            }

            return normalized;
        }
    }
}
