using SiemForwarder.Events;

namespace SiemForwarder.Detections.State;

/// <summary>The time of one source as its events tell it.</summary>
internal sealed class SourceClock(int sourceId, long highAt = long.MinValue, long sweptTo = long.MinValue)
{
    public int SourceId { get; } = sourceId;

    /// <summary>Time of its newest event, milliseconds since 1970; what is older by more than the lateness is left out of windows.</summary>
    public long HighAt { get; private set; } = highAt;

    /// <summary>Time of its server up to which all events were read, milliseconds since 1970.</summary>
    public long SweptTo { get; set; } = sweptTo;

    /// <summary>True once every rule knows since when it sees the source.</summary>
    public bool IsStarted { get; set; }

    /// <summary>Moves on with an event. One from the future moves it to when it was received at most, else a single wrong clock would make all
    /// others late.</summary>
    public void Move(SecurityEvent securityEvent, long latenessMs)
    {
        var at = Math.Min(securityEvent.OccurredAt.ToUnixTimeMilliseconds(), securityEvent.ReceivedAt.ToUnixTimeMilliseconds() + latenessMs);
        HighAt = Math.Max(HighAt, at);
    }
}
