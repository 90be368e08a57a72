namespace SiemForwarder.Service.Keycloak.Client;

/// <summary>The clock of one node, or of several that agree: bounds on its offset from the monotonic clock, drawn closer by each observation.</summary>
internal sealed class NodeClock(long low, long high, long seenMs)
{
    private long confirmedMs = seenMs;

    public long Low { get; private set; } = low;

    public long High { get; private set; } = high;

    /// <summary>Since when it has been observed without a long pause, in local time.</summary>
    public long FirstSeenMs { get; private set; } = seenMs;

    /// <summary>When it was last observed, in local time.</summary>
    public long SeenMs { get; private set; } = seenMs;

    /// <summary>How far other bounds lie from these; 0 where they meet.</summary>
    public long Distance(long otherLow, long otherHigh) => Math.Max(0, Math.Max(otherLow - High, Low - otherHigh));

    /// <summary>Takes an observation that belongs to this clock.</summary>
    public void Take(long otherLow, long otherHigh, long atMs, bool isLive, long windowMs)
    {
        FirstSeenMs = isLive ? FirstSeenMs : atMs;
        SeenMs = Math.Max(SeenMs, atMs);
        if (Distance(otherLow, otherHigh) == 0)
        {
            Refine(otherLow, otherHigh);
        }
        else if (otherHigh < Low || !isLive || atMs - confirmedMs > windowMs)
        {
            // Of clocks that nearly agree the slower is followed, until it is not seen any more.
            (Low, High) = (otherLow, otherHigh);
        }
        else
        {
            return;
        }

        confirmedMs = Math.Max(confirmedMs, atMs);
    }

    /// <summary>Draws the bounds closer by others that meet them.</summary>
    public void Refine(long otherLow, long otherHigh)
    {
        if (Distance(otherLow, otherHigh) == 0)
        {
            (Low, High) = (Math.Max(Low, otherLow), Math.Min(High, otherHigh));
        }
    }
}
