namespace SiemForwarder.Service.Resilience;

/// <summary>A delay that doubles up to a limit; pure arithmetic, no clock, no I/O.</summary>
/// <param name="First">The first delay.</param>
/// <param name="Longest">The maximum delay.</param>
internal readonly record struct Backoff(TimeSpan First, TimeSpan Longest)
{
    /// <summary>The delay of a turn (1 is the first), without jitter.</summary>
    public TimeSpan Of(int turn)
    {
        // Beyond 30 doublings every delay exceeds the limit, and a larger shift would overflow.
        var doubled = First.Ticks * (double)(1L << Math.Clamp(turn - 1, 0, 30));
        return TimeSpan.FromTicks((long)Math.Min(doubled, Longest.Ticks));
    }

    /// <summary>The delay with jitter, between half and all of it; a longer delay requested by the other side takes precedence.</summary>
    /// <param name="turn">1 is the first.</param>
    /// <param name="asked">The delay requested by the other side; null if none.</param>
    /// <param name="chance">A random number from 0 to 1.</param>
    public TimeSpan Of(int turn, TimeSpan? asked, double chance)
    {
        var jittered = Of(turn) * (0.5 + (0.5 * chance));
        return asked > jittered ? asked.Value : jittered;
    }
}
