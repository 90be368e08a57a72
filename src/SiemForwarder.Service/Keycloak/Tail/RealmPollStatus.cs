using SiemForwarder.Connections;
using SiemForwarder.Events;
using SiemForwarder.Service.Keycloak.Checks;
using SiemForwarder.Service.Keycloak.Client;
using SiemForwarder.Service.Keycloak.Polling;

namespace SiemForwarder.Service.Keycloak.Tail;

/// <summary>The state of polling one stream.</summary>
public enum PollState
{
    /// <summary>No poll has completed yet.</summary>
    Starting,

    /// <summary>Everything visible at the last poll is in the log.</summary>
    UpToDate,

    /// <summary>A backlog is being read, or the clocks of the server's nodes differ, so that it is unknown what is still to come.</summary>
    CatchingUp,

    /// <summary>The last poll failed; see the error.</summary>
    Failing,
}

/// <summary>The current status of polling a source.</summary>
/// <param name="SourceId">The source.</param>
/// <param name="Streams">One entry per stream that is polled.</param>
/// <param name="ServerClockOffset">How far the server's clock is ahead of ours; null before the first token.</param>
/// <param name="Auditing">What Keycloak stores; null if unknown.</param>
/// <param name="NodeClocks">How the clocks of the server's nodes differ; null if they agree.</param>
public sealed record RealmPollStatus(
    int SourceId, IReadOnlyList<StreamPollStatus> Streams, TimeSpan? ServerClockOffset, AuditingState? Auditing = null, NodeClocks? NodeClocks = null)
{
    /// <summary>The part of the status that is stored at once when it changes.</summary>
    internal string Headline =>
        string.Join(' ', Streams.Select(stream => $"{stream.State} {stream.FailingSince:O}"))
            + $" {string.Join(' ', Auditing?.Off ?? [])} {Auditing?.ExpirationSeconds} {NodeClocks?.Since:O}";

    /// <summary>How long events at the source may have been missing from the log.</summary>
    internal TimeSpan Unread(DateTimeOffset now) => Streams.Count == 0 ? TimeSpan.Zero : Streams.Max(stream => stream.Unread(now));
}

/// <summary>A difference between the clocks of a server's nodes.</summary>
/// <param name="Spread">The minimum by which the fastest is ahead of the slowest, in whole seconds.</param>
/// <param name="Since">Since when the difference is known.</param>
public sealed record NodeClocks(TimeSpan Spread, DateTimeOffset Since);

/// <summary>The current status of polling one stream.</summary>
public sealed record StreamPollStatus
{
    public required EventStream Stream { get; init; }

    public PollState State { get; init; }

    public DateTimeOffset? LastPollAt { get; init; }

    public PollError? LastError { get; init; }

    /// <summary>Since when polling has been failing; null while it works.</summary>
    public DateTimeOffset? FailingSince { get; init; }

    /// <summary>When everything visible at the source was last in the log; null if that has not happened yet.</summary>
    public DateTimeOffset? CompleteAt { get; init; }

    /// <summary>Largest event time read; null before the first poll.</summary>
    public DateTimeOffset? Watermark { get; init; }

    /// <summary>How far polling is behind the server's clock; zero when up to date.</summary>
    public TimeSpan? Lag { get; init; }

    public ApiTier? Tier { get; init; }

    public IReadOnlyList<PollGap> Gaps { get; init; } = [];

    /// <summary>Number of events of this stream that this process has stored.</summary>
    public long EventsRead { get; init; }

    internal TimeSpan Unread(DateTimeOffset now)
    {
        var read = CompleteAt > Watermark || Watermark is null ? CompleteAt : Watermark;
        return read < now ? now - read.Value : TimeSpan.Zero;
    }
}

/// <summary>The last polling error; kept after recovery.</summary>
public sealed record PollError(ErrorCategory Category, string Message, DateTimeOffset At);
