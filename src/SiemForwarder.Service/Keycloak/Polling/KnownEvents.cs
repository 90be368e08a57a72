using SiemForwarder.Events;

namespace SiemForwarder.Service.Keycloak.Polling;

/// <summary>Events of the last minutes that are certainly in the log: spares the log duplicates, and detects rows that vanish from the server.</summary>
/// <remarks>Holds at most <see cref="Capacity"/> keys; beyond that it is cleared and starts again with the next sweep.</remarks>
internal sealed class KnownEvents
{
    public const int Capacity = 100_000;

    private HashSet<(long TimeMs, EventKey Key)> known = [];
    private HashSet<(long TimeMs, EventKey Key)>? seen;
    private long sweepFromMs;
    private long sweepStartMs;

    public bool Contains(long timeMs, EventKey key) => known.Contains((timeMs, key));

    /// <summary>Called for every row of a committed page.</summary>
    public void Add(long timeMs, EventKey key)
    {
        if (known.Count >= Capacity || seen?.Count >= Capacity)
        {
            Forget();
        }

        known.Add((timeMs, key));
        seen?.Add((timeMs, key));
    }

    public void Forget()
    {
        known = [];
        seen = null;
    }

    /// <summary>Starts a sweep that sees every visible row stamped from <paramref name="fromMs"/> on.</summary>
    public void BeginSweep(long fromMs, long nowMs)
    {
        seen = [];
        (sweepFromMs, sweepStartMs) = (fromMs, nowMs);
    }

    /// <summary>Ends a complete sweep: returns how many previously known rows are gone from the server, and the oldest of them.</summary>
    /// <param name="keptFromMs">Rows older than this were not remembered during the sweep.</param>
    public (int Count, long OldestMs) CompleteSweep(long keptFromMs)
    {
        if (seen is null)
        {
            return (0, 0);
        }

        var (count, oldest) = (0, long.MaxValue);
        foreach (var entry in known)
        {
            if (entry.TimeMs > Math.Max(sweepFromMs, keptFromMs) && entry.TimeMs <= sweepStartMs && !seen.Contains(entry))
            {
                count++;
                oldest = Math.Min(oldest, entry.TimeMs);
            }
        }

        known = seen;
        seen = null;
        return (count, oldest);
    }
}
