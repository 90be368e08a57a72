using SiemForwarder.Events;

namespace SiemForwarder.Service.Keycloak.Client;

/// <summary>The spans and sizes of polling, with what they have to cover.</summary>
internal static class PollTiming
{
    /// <summary>Longest time between an event's stamp and its commit that is covered: Keycloak's transaction timeout of 300 s, clock skew
    /// of nodes, and margin.</summary>
    public const long HorizonMs = 600_000;

    /// <summary>Longest time between an event's stamp and its commit on one node: Keycloak's transaction timeout.</summary>
    public const long TransactionMs = 300_000;

    /// <summary>How far each poll reaches back behind the watermark; most events commit within it.</summary>
    public const long OverlapMs = 10_000;

    /// <summary>Allowance for an error in the measured clock of the server.</summary>
    public const long ClockMarginMs = 60_000;

    /// <summary>An event stamped further than this ahead of the server's clock comes from a node whose clock is ahead.</summary>
    public const long ClockToleranceMs = 5_000;

    /// <summary>How far a deep look reaches back behind the server's clock, and most that the horizon is widened: so far behind may a node's clock be whose
    /// tokens are never seen.</summary>
    public const long DeepLookMs = 3_600_000;

    /// <summary>Pause between deep looks; what is written meanwhile lies within their reach too.</summary>
    public const long DeepLookIntervalMs = 1_800_000;

    /// <summary>Longest use of a token: each tells the server's clock anew.</summary>
    public const long MaxTokenUseMs = 300_000;

    /// <summary>Pages that one poll may read before the other stream has its turn.</summary>
    public const int PagesPerPoll = 20;

    /// <summary>Most rows of one page; more brings little speed, and servers before 26 hold the whole result in memory.</summary>
    public const int MaxPageRows = 5000;

    /// <summary>Most rows of one millisecond that are asked for at once.</summary>
    public const int MaxTieRows = 50_000;

    public static readonly TimeSpan TierProbeInterval = TimeSpan.FromHours(1);

    public static readonly TimeSpan GapRetryInterval = TimeSpan.FromHours(1);

    /// <summary>Rows of a page to begin with; admin events carry whole representations.</summary>
    public static int PageRows(EventStream stream) => stream == EventStream.Admin ? 200 : 1000;

    /// <summary>Shortest time from sweep to sweep; admin streams are small and swept at every poll.</summary>
    public static TimeSpan SweepInterval(EventStream stream) => stream == EventStream.Admin ? TimeSpan.Zero : TimeSpan.FromSeconds(120);
}
