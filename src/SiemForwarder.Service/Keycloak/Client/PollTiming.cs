using SiemForwarder.Events;

namespace SiemForwarder.Service.Keycloak.Client;

/// <summary>The time spans and sizes of polling, with what they have to cover.</summary>
internal static class PollTiming
{
    /// <summary>Longest time between an event's stamp and its commit that is covered: Keycloak's transaction timeout of 300 s, clock skew
    /// of nodes, and margin.</summary>
    public const long HorizonMs = 600_000;

    /// <summary>Longest time between an event's stamp and its commit on one node: Keycloak's transaction timeout.</summary>
    public const long TransactionMs = 300_000;

    /// <summary>How far each poll reaches back before the watermark; most events commit within it.</summary>
    public const long OverlapMs = 10_000;

    /// <summary>Allowance for an error in the measured clock of the server.</summary>
    public const long ClockMarginMs = 60_000;

    /// <summary>An event stamped further than this ahead of the server's clock comes from a node whose clock is ahead.</summary>
    public const long ClockToleranceMs = 5_000;

    /// <summary>How far a deep look reaches back before the server's clock, and the maximum widening of the horizon: a node whose
    /// tokens are never seen may be this far behind.</summary>
    public const long DeepLookMs = 3_600_000;

    /// <summary>Pause between deep looks; short enough that events written meanwhile are within their reach.</summary>
    public const long DeepLookIntervalMs = 1_800_000;

    /// <summary>Maximum use of a token: each new one reveals the server's clock again.</summary>
    public const long MaxTokenUseMs = 300_000;

    /// <summary>Pages that one poll may read before the other stream has its turn.</summary>
    public const int PagesPerPoll = 20;

    /// <summary>Maximum number of rows per page; more is hardly faster, and servers before 26 keep the whole result in memory.</summary>
    public const int MaxPageRows = 5000;

    /// <summary>Maximum number of rows of one millisecond that are requested at once.</summary>
    public const int MaxTieRows = 50_000;

    public static readonly TimeSpan TierProbeInterval = TimeSpan.FromHours(1);

    public static readonly TimeSpan GapRetryInterval = TimeSpan.FromHours(1);

    /// <summary>Initial number of rows per page; admin events carry whole representations.</summary>
    public static int PageRows(EventStream stream) => stream == EventStream.Admin ? 200 : 1000;

    /// <summary>Minimum time between sweeps; admin streams are small and swept at every poll.</summary>
    public static TimeSpan SweepInterval(EventStream stream) => stream == EventStream.Admin ? TimeSpan.Zero : TimeSpan.FromSeconds(120);
}
