using SiemForwarder.Connections;
using SiemForwarder.Events;
using SiemForwarder.Service.Keycloak.Checks;
using SiemForwarder.Service.Keycloak.Client;
using SiemForwarder.Service.Keycloak.Polling;

namespace SiemForwarder.Service.Keycloak.Tail;

/// <summary>How polling of one stream goes.</summary>
public enum PollState
{
    /// <summary>No poll has ended yet.</summary>
    Starting,

    /// <summary>Everything visible at the last poll is in the log.</summary>
    UpToDate,

    /// <summary>A backlog is being read, or the clocks of the server's nodes differ, so that nobody knows what is still to come.</summary>
    CatchingUp,

    /// <summary>The last poll failed; see the error.</summary>
    Failing,
}

/// <summary>How polling of a source goes, at one moment.</summary>
/// <param name="SourceId">Source it is about.</param>
/// <param name="Streams">One entry per stream that is polled.</param>
/// <param name="ServerClockOffset">How far the server's clock is ahead of ours; null before the first token.</param>
/// <param name="Auditing">What Keycloak stores; null where that is not known.</param>
/// <param name="NodeClocks">How the clocks of the server's nodes differ; null where they agree.</param>
public sealed record RealmPollStatus(
    int SourceId, IReadOnlyList<StreamPollStatus> Streams, TimeSpan? ServerClockOffset, AuditingState? Auditing = null, NodeClocks? NodeClocks = null)
{
    /// <summary>What is worth writing down at once when it changes.</summary>
    internal string Headline =>
        string.Join(' ', Streams.Select(stream => $"{stream.State} {stream.FailingSince:O}"))
            + $" {string.Join(' ', Auditing?.Off ?? [])} {Auditing?.ExpirationSeconds} {NodeClocks?.Since:O}";

    /// <summary>For how long events may be at the source that are not in the log yet.</summary>
    internal TimeSpan Unread(DateTimeOffset now) => Streams.Count == 0 ? TimeSpan.Zero : Streams.Max(stream => stream.Unread(now));
}

/// <summary>That the clocks of a server's nodes differ.</summary>
/// <param name="Spread">How far the fastest is ahead of the slowest at least, in whole seconds.</param>
/// <param name="Since">Since when that is known.</param>
public sealed record NodeClocks(TimeSpan Spread, DateTimeOffset Since);

/// <summary>How polling of one stream goes, at one moment.</summary>
public sealed record StreamPollStatus
{
    public required EventStream Stream { get; init; }

    public PollState State { get; init; }

    public DateTimeOffset? LastPollAt { get; init; }

    public PollError? LastError { get; init; }

    /// <summary>Since when polling fails; null while it works.</summary>
    public DateTimeOffset? FailingSince { get; init; }

    /// <summary>When everything visible at the source was last in the log; null where that has not been yet.</summary>
    public DateTimeOffset? CompleteAt { get; init; }

    /// <summary>Largest event time read; null before the first poll.</summary>
    public DateTimeOffset? Watermark { get; init; }

    /// <summary>How far reading is behind the server's clock; zero when up to date.</summary>
    public TimeSpan? Lag { get; init; }

    public ApiTier? Tier { get; init; }

    public IReadOnlyList<PollGap> Gaps { get; init; } = [];

    /// <summary>Events that this process put into the log from this stream.</summary>
    public long EventsRead { get; init; }

    internal TimeSpan Unread(DateTimeOffset now)
    {
        var read = CompleteAt > Watermark || Watermark is null ? CompleteAt : Watermark;
        return read < now ? now - read.Value : TimeSpan.Zero;
    }
}

/// <summary>The last thing that went wrong while polling; kept after it is mended.</summary>
public sealed record PollError(ErrorCategory Category, string Message, DateTimeOffset At);
