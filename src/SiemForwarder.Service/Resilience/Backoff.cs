namespace SiemForwarder.Service.Resilience;

/// <summary>The arithmetic of waiting: a delay that doubles up to a bound; pure, no clock, no I/O.</summary>
/// <param name="First">The first delay.</param>
/// <param name="Longest">What it grows to.</param>
internal readonly record struct Backoff(TimeSpan First, TimeSpan Longest)
{
    /// <summary>The delay of its turn (1 is the first), without chance.</summary>
    public TimeSpan Of(int turn)
    {
        // Beyond 30 doublings every delay is over the bound, and a larger shift would overflow.
        var doubled = First.Ticks * (double)(1L << Math.Clamp(turn - 1, 0, 30));
        return TimeSpan.FromTicks((long)Math.Min(doubled, Longest.Ticks));
    }

    /// <summary>The same, between half and the whole of it by chance; what the other side asked for wins where it is longer.</summary>
    /// <param name="turn">1 is the first.</param>
    /// <param name="asked">What the other side asked for; null where it named no time.</param>
    /// <param name="chance">From 0 to 1.</param>
    public TimeSpan Of(int turn, TimeSpan? asked, double chance)
    {
        var jittered = Of(turn) * (0.5 + (0.5 * chance));
        return asked > jittered ? asked.Value : jittered;
    }
}
