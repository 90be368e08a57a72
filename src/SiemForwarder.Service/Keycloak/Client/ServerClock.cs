namespace SiemForwarder.Service.Keycloak.Client;

/// <summary>What is known about the server's clock: the slowest of its nodes' clocks, and how far the fastest is ahead of it.</summary>
/// <remarks>Keycloak sends no <c>Date</c>; a token's <c>iat</c> is the clock of the issuing node in whole seconds, and the event of that token gives it in
/// milliseconds. Other events are evidence too: none is seen before its own stamp, nor later after it than a transaction may last. What has not been
/// observed for two horizons no longer counts.</remarks>
internal sealed class ServerClock(TimeProvider time)
{
    /// <summary>Observations closer than this belong to one clock.</summary>
    public const long ToleranceMs = 5_000;

    private const int MaxClocks = 8;
    private const long WindowMs = 2 * PollTiming.HorizonMs;

    // The Gregorian years that DateTimeOffset supports, less one at the end as a margin for calculations.
    private const long LatestMs = 253_370_764_800_000;

    // A token from years ahead is invalid: if believed, it would stop polling.
    private const long FarthestAheadMs = 366 * 86_400_000L;

    private readonly long started = time.GetTimestamp();
    private readonly List<NodeClock> clocks = [];
    private long observedMs;
    private ClockBound? ahead;
    private ClockBound? behind;
    private (long Low, long High) followed;

    public bool IsMeasured => clocks.Count > 0;

    /// <summary>Milliseconds of the monotonic clock since this object was created.</summary>
    public long LocalMs => (long)time.GetElapsedTime(started).TotalMilliseconds;

    /// <summary>The slowest clock of the server now in epoch milliseconds; before the first measurement local time plus five minutes.</summary>
    public long NowMs => IsMeasured ? LocalMs + ((followed.Low + followed.High) / 2) : time.GetUtcNow().ToUnixTimeMilliseconds() + 300_000;

    /// <summary>How far the server's slowest clock is ahead of ours; null before the first measurement.</summary>
    public TimeSpan? Offset =>
        IsMeasured ? TimeSpan.FromMilliseconds(((followed.Low + followed.High) / 2) + LocalMs - time.GetUtcNow().ToUnixTimeMilliseconds()) : null;

    /// <summary>How wrong <see cref="Offset"/> may be, either way.</summary>
    public TimeSpan Uncertainty => TimeSpan.FromMilliseconds((followed.High - followed.Low) / 2);

    /// <summary>The minimum by which the fastest clock of the server is ahead of the slowest; 0 if they agree.</summary>
    public long SpreadMs { get; private set; }

    /// <summary>How long a clock as slow as the current one had gone unobserved before it was; what was read meanwhile may lack its events.</summary>
    public long UnheardMs { get; private set; } = PollTiming.DeepLookMs;

    /// <summary>The server's current time, if known; otherwise this host's.</summary>
    public DateTimeOffset Now => time.GetUtcNow() + (Offset ?? TimeSpan.Zero);

    /// <summary>Whether a time is within the representable years.</summary>
    public static bool IsPlausible(long timeMs) => timeMs is >= 0 and <= LatestMs;

    /// <summary>A clock of the server showed between <paramref name="fromMs"/> and <paramref name="toMs"/> at some moment between two local ones.</summary>
    public void Observe(long fromMs, long toMs, long localStartMs, long localEndMs)
    {
        if (!IsPlausible(fromMs) || !IsPlausible(toMs) || fromMs - time.GetUtcNow().ToUnixTimeMilliseconds() > FarthestAheadMs)
        {
            return;
        }

        var (low, high) = (fromMs - localEndMs, toMs - localStartMs);
        var heardMs = clocks.Where(clock => clock.Low <= high + ToleranceMs).Max(clock => (long?)clock.SeenMs);
        observedMs = Math.Max(observedMs, localEndMs);
        if (clocks.Where(clock => clock.Distance(low, high) <= ToleranceMs).MinBy(clock => clock.Distance(low, high)) is { } known)
        {
            known.Take(low, high, localEndMs, isLive: IsLive(known.SeenMs), WindowMs);
        }
        else
        {
            clocks.Add(new NodeClock(low, high, localEndMs));
            if (clocks.Count > MaxClocks)
            {
                clocks.Remove(clocks.MinBy(clock => clock.SeenMs)!);
            }
        }

        Follow(heardMs);
    }

    /// <summary>Narrows the bounds if the times agree with what is known, otherwise does nothing: a proxy's <c>Date</c> is not Keycloak's clock.</summary>
    public void Refine(long fromMs, long toMs, long localStartMs, long localEndMs)
    {
        if (IsMeasured && IsPlausible(fromMs))
        {
            clocks.Find(clock => (clock.Low, clock.High) == followed)?.Refine(fromMs - localEndMs, toMs - localStartMs);
            Follow(null);
        }
    }

    /// <summary>A new event has this stamp, so the clock of its node has reached at least that time.</summary>
    public void ObserveStamp(long stampMs)
    {
        var offsetMs = Math.Clamp(stampMs, 0, LatestMs) - LocalMs;
        if (!IsMeasured || offsetMs - followed.High <= PollTiming.ClockToleranceMs)
        {
            return;
        }

        ahead = ahead is { } known && IsLive(known.SeenMs) && known.OffsetMs >= offsetMs
            ? known with { SeenMs = LocalMs }
            : new ClockBound(offsetMs, LocalMs, LocalMs);
        Follow(null);
    }

    /// <summary>An event with this stamp was not there yet at a local time, so its node's clock was at most a transaction's duration past it.</summary>
    public void ObserveAbsence(long stampMs, long localMs)
    {
        var offsetMs = Math.Clamp(stampMs, 0, LatestMs) + PollTiming.TransactionMs - localMs;
        if (!IsMeasured || offsetMs >= Slowest().Low - ToleranceMs)
        {
            return;
        }

        // Such bounds vary with the time of the sweep; every small step down would cause another reread.
        behind = behind is { } known && IsLive(known.SeenMs) && known.OffsetMs - PollTiming.ClockMarginMs <= offsetMs
            ? known with { SeenMs = LocalMs }
            : new ClockBound(offsetMs, LocalMs, LocalMs);
        Follow(null);
    }

    private bool IsLive(long seenMs) => observedMs - seenMs <= WindowMs;

    private NodeClock Slowest() => clocks.Where(clock => IsLive(clock.SeenMs)).MinBy(clock => clock.High)!;

    private void Follow(long? heardMs)
    {
        var before = followed;
        var isFirst = before == default;
        var slowest = Slowest();
        long sinceMs;
        if (behind is { } late && IsLive(late.SeenMs) && late.OffsetMs < slowest.Low)
        {
            (followed, sinceMs) = ((late.OffsetMs, late.OffsetMs), late.FirstSeenMs);
        }
        else
        {
            (followed, sinceMs) = ((slowest.Low, slowest.High), slowest.FirstSeenMs);
        }

        if (!isFirst && followed.High < before.Low - ToleranceMs)
        {
            UnheardMs = heardMs is { } heard ? Math.Min(PollTiming.DeepLookMs, observedMs - heard) : PollTiming.DeepLookMs;
        }

        // A faster clock that was only seen before the slow one may be the same clock, set back.
        var fastest = clocks.Where(clock => IsLive(clock.SeenMs) && clock.SeenMs > sinceMs).Select(clock => clock.Low).DefaultIfEmpty(followed.High).Max();
        fastest = ahead is { } early && IsLive(early.SeenMs) ? Math.Max(fastest, early.OffsetMs) : fastest;
        SpreadMs = fastest - followed.High > PollTiming.ClockToleranceMs ? fastest - followed.High : 0;
    }

    /// <summary>A bound on the offset of a clock that an event proves.</summary>
    private readonly record struct ClockBound(long OffsetMs, long FirstSeenMs, long SeenMs);
}

/// <summary>The clock of one node, or of several that agree: bounds on its offset from the monotonic clock, narrowed by each observation.</summary>
internal sealed class NodeClock(long low, long high, long seenMs)
{
    private long confirmedMs = seenMs;

    public long Low { get; private set; } = low;

    public long High { get; private set; } = high;

    /// <summary>Since when it has been observed without a long pause, in local time.</summary>
    public long FirstSeenMs { get; private set; } = seenMs;

    /// <summary>When it was last observed, in local time.</summary>
    public long SeenMs { get; private set; } = seenMs;

    /// <summary>The distance of other bounds from these; 0 if they overlap.</summary>
    public long Distance(long otherLow, long otherHigh) => Math.Max(0, Math.Max(otherLow - High, Low - otherHigh));

    /// <summary>Applies an observation of this clock.</summary>
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
            // Of nearly equal clocks the slower is followed, until it is no longer observed.
            (Low, High) = (otherLow, otherHigh);
        }
        else
        {
            return;
        }

        confirmedMs = Math.Max(confirmedMs, atMs);
    }

    /// <summary>Narrows the bounds by others that overlap them.</summary>
    public void Refine(long otherLow, long otherHigh)
    {
        if (Distance(otherLow, otherHigh) == 0)
        {
            (Low, High) = (Math.Max(Low, otherLow), Math.Min(High, otherHigh));
        }
    }
}
