namespace SiemForwarder.Service.Dispatch.Delivery;

/// <summary>The arithmetic of waiting: pure, no clock, no I/O.</summary>
internal static class RetrySchedule
{
    /// <summary>Delay before a retry (1 is the first): doubled each time, between half and the whole of it by chance; what the destination
    /// asked for wins where it is longer.</summary>
    public static TimeSpan RetryDelay(DispatchOptions options, int retry, TimeSpan? retryAfter, double chance) =>
        Longer(Jittered(Doubled(options.RetryDelay, retry - 1, options.MaxRoundPause), chance), retryAfter);

    /// <summary>Pause after a failed round (1 is the first).</summary>
    public static TimeSpan RoundPause(DispatchOptions options, int failedRounds, TimeSpan? retryAfter, double chance) =>
        Longer(Jittered(Doubled(options.RoundPause, failedRounds - 1, options.MaxRoundPause), chance), retryAfter);

    private static TimeSpan Doubled(TimeSpan first, int times, TimeSpan longest)
    {
        // Beyond 30 doublings every delay is over the bound, and a larger shift would overflow.
        var doubled = first.Ticks * (double)(1L << Math.Clamp(times, 0, 30));
        return TimeSpan.FromTicks((long)Math.Min(doubled, longest.Ticks));
    }

    private static TimeSpan Jittered(TimeSpan delay, double chance) => delay * (0.5 + (0.5 * chance));

    private static TimeSpan Longer(TimeSpan delay, TimeSpan? other) => TimeSpan.FromTicks(Math.Max(delay.Ticks, other?.Ticks ?? 0));
}
