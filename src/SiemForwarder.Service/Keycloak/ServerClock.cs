namespace SiemForwarder.Service.Keycloak;

/// <summary>What is known of the server's clock: bounds on its offset from a monotonic clock, drawn closer by each observation.</summary>
/// <remarks>Keycloak sends no <c>Date</c>; a token's <c>iat</c> is its clock in whole seconds, the event of that token the same in milliseconds.</remarks>
internal sealed class ServerClock(TimeProvider time)
{
    private readonly long started = time.GetTimestamp();
    private long lowMs;
    private long highMs;

    public bool IsMeasured { get; private set; }

    /// <summary>Milliseconds of the monotonic clock since this object was made.</summary>
    public long LocalMs => (long)time.GetElapsedTime(started).TotalMilliseconds;

    /// <summary>The server's clock now in epoch milliseconds; before the first measurement local time plus five minutes.</summary>
    public long NowMs => IsMeasured ? LocalMs + ((lowMs + highMs) / 2) : time.GetUtcNow().ToUnixTimeMilliseconds() + 300_000;

    /// <summary>How far the server's clock is ahead of ours; null before the first measurement.</summary>
    public TimeSpan? Offset =>
        IsMeasured ? TimeSpan.FromMilliseconds(((lowMs + highMs) / 2) + LocalMs - time.GetUtcNow().ToUnixTimeMilliseconds()) : null;

    /// <summary>How wrong <see cref="Offset"/> may be, either way.</summary>
    public TimeSpan Uncertainty => TimeSpan.FromMilliseconds((highMs - lowMs) / 2);

    /// <summary>The server's clock showed between <paramref name="fromMs"/> and <paramref name="toMs"/> at some moment between two local ones.</summary>
    public void Observe(long fromMs, long toMs, long localStartMs, long localEndMs)
    {
        var (low, high) = (fromMs - localEndMs, toMs - localStartMs);
        var agrees = IsMeasured && low <= highMs && high >= lowMs;
        (lowMs, highMs) = agrees ? (Math.Max(low, lowMs), Math.Min(high, highMs)) : (low, high);
        IsMeasured = true;
    }

    /// <summary>As <see cref="Observe"/>, but ignored where it contradicts what is known: a proxy's <c>Date</c> is not Keycloak's clock.</summary>
    public void ObserveIfAgreeing(long fromMs, long toMs, long localStartMs, long localEndMs)
    {
        if (IsMeasured && fromMs - localEndMs <= highMs && toMs - localStartMs >= lowMs)
        {
            Observe(fromMs, toMs, localStartMs, localEndMs);
        }
    }
}
