using SiemForwarder.Service.Keycloak.Client;
using SiemForwarder.Service.Keycloak.Gaps;
using SiemForwarder.Service.Keycloak.Polling;

namespace SiemForwarder.Service.Keycloak.Tail;

/// <summary>Polls one stream of a realm: detects the tier of the server, tails the stream, and retries what the server could not read.</summary>
internal sealed class StreamPoller
{
    private readonly StreamPollContext tail;
    private readonly AscendingTail ascending;
    private readonly TierWatch tierWatch = new();
    private readonly RetentionWatch retentionWatch;
    private readonly ClockWatch clockWatch;
    private DescendingTail descending;
    private bool isStarted;
    private long nextGapRetryMs;

    public StreamPoller(StreamPollContext tail, string? storedCheckpoint)
    {
        this.tail = tail;
        ascending = new AscendingTail(tail);
        descending = new DescendingTail(tail);
        clockWatch = new ClockWatch(tail);
        retentionWatch = new RetentionWatch(tail, clockWatch);
        if (storedCheckpoint is not null)
        {
            tail.Assume(PollCheckpoint.Parse(storedCheckpoint), isStored: true);
            isStarted = true;
        }
    }

    public StreamPollContext Tail => tail;

    /// <summary>The checkpoint; null until the first poll of a new source has started.</summary>
    public PollCheckpoint? Checkpoint => isStarted ? tail.Checkpoint : null;

    /// <summary>Polls once, within the budget of one turn.</summary>
    public async Task<PollOutcome> PollAsync(CancellationToken cancellationToken)
    {
        tail.BeginPoll();
        var failure = await BeginAsync(cancellationToken)
            ?? await LookAtClockAsync(cancellationToken)
            ?? await RetryGapsAsync(cancellationToken)
            ?? await retentionWatch.LookAsync(cancellationToken)
            ?? await TailAsync(cancellationToken);
        if (failure is not null)
        {
            tierWatch.NoteFailure();
            return new PollOutcome.Failed(failure.Category, failure.Message, failure.RetryAfter);
        }

        tierWatch.NoteSuccess();
        var isUnderWay = tail.Checkpoint.Tier == ApiTier.WithIds ? ascending.IsUnderWay : descending.IsUnderWay;
        return new PollOutcome.Polled(tail.Polled.Read, tail.Polled.Appended, isUnderWay);
    }

    private Task<PollFailure?> TailAsync(CancellationToken cancellationToken) =>
        tail.Checkpoint.Tier == ApiTier.WithIds ? ascending.PollAsync(cancellationToken) : descending.PollAsync(cancellationToken);

    private async Task<PollFailure?> LookAtClockAsync(CancellationToken cancellationToken)
    {
        var (hasGoneBack, failure) = await clockWatch.LookAsync(cancellationToken);
        if (hasGoneBack)
        {
            ascending.GoBack();
            descending = new DescendingTail(tail);
        }

        return failure;
    }

    private async Task<PollFailure?> BeginAsync(CancellationToken cancellationToken)
    {
        // The token comes first, because it reveals the server's clock.
        var (token, refused) = await tail.Client.Token.GetAsync(cancellationToken);
        if (token is null)
        {
            return refused;
        }

        var sawUnexpectedIds = isStarted && tail.Checkpoint.Tier == ApiTier.WithoutIds && tail.SawIds;
        if (isStarted && !tierWatch.IsDue(tail.Clock.LocalMs, sawUnexpectedIds))
        {
            return null;
        }

        var (probed, failure) = await TierProbe.RunAsync(tail.Client, tail.Source, tail.Stream, cancellationToken);
        if (probed is not { } tier)
        {
            return failure;
        }

        if (!isStarted)
        {
            tail.Assume(First(tier), isStored: false);
            clockWatch.BegunMs = tail.Clock.LocalMs;
            isStarted = true;
        }

        UseTier(tierWatch.Decide(tail.Checkpoint.Tier, tier, tail.Clock.LocalMs));
        return null;
    }

    private PollCheckpoint First(ApiTier tier)
    {
        var start = tail.Source.Start;
        var startMs = start switch
        {
            { Everything: true } => 0,
            { Since: { } since } => since.ToUnixTimeMilliseconds(),
            _ => NowOnMs(),
        };
        return new PollCheckpoint { Tier = tier, StartMs = startMs, WatermarkMs = startMs, SweepAnchorMs = startMs };
    }

    /// <summary>Where a source with start now starts: when it was saved, by the slowest clock of the server that counts as the same one.</summary>
    private long NowOnMs()
    {
        if (tail.Source.SavedAt is not { } savedAt || !tail.Clock.IsMeasured)
        {
            return tail.Clock.NowMs - PollTiming.HorizonMs;
        }

        var agoMs = Math.Max(0, (long)(tail.Time.GetUtcNow() - savedAt).TotalMilliseconds);
        return tail.Clock.NowMs - agoMs - (long)tail.Clock.Uncertainty.TotalMilliseconds - ServerClock.ToleranceMs;
    }

    private void UseTier(ApiTier tier)
    {
        if (tier == tail.Checkpoint.Tier)
        {
            return;
        }

        tail.Logger.LogInformation("Source {Source}: the server's events API changed from {Before} to {Now}", tail.Source.Name, tail.Checkpoint.Tier, tier);
        tail.UseTier(tier);
        descending = new DescendingTail(tail);
    }

    private async Task<PollFailure?> RetryGapsAsync(CancellationToken cancellationToken)
    {
        if (tail.Checkpoint.Gaps.Count == 0)
        {
            nextGapRetryMs = 0;
            return null;
        }

        if (nextGapRetryMs == 0 || tail.Clock.LocalMs < nextGapRetryMs)
        {
            nextGapRetryMs = nextGapRetryMs == 0 ? tail.Clock.LocalMs + (long)PollTiming.GapRetryInterval.TotalMilliseconds : nextGapRetryMs;
            return null;
        }

        nextGapRetryMs = tail.Clock.LocalMs + (long)PollTiming.GapRetryInterval.TotalMilliseconds;
        return tail.Checkpoint.Tier == ApiTier.WithIds
            ? await new GapRetry(tail).RetryAsync(cancellationToken)
            : await new OffsetGapRetry(tail).RetryAsync(cancellationToken);
    }
}

/// <summary>Decides when a stream changes its tier: during a rolling upgrade nodes of both versions respond, so only several equal responses
/// in a row count.</summary>
internal sealed class TierWatch
{
    private const int AnswersNeeded = 3;
    private const int FailuresOfABurst = 3;
    private int answers;
    private int failures;
    private long nextProbeMs;

    /// <summary>Whether to probe now: every hour, after a burst of failures, and while a change is being confirmed.</summary>
    public bool IsDue(long nowMs, bool sawUnexpectedIds) => nowMs >= nextProbeMs || answers > 0 || failures >= FailuresOfABurst || sawUnexpectedIds;

    public void NoteFailure() => failures++;

    public void NoteSuccess() => failures = 0;

    /// <summary>Records a probe result; returns the tier to use from now on.</summary>
    public ApiTier Decide(ApiTier present, ApiTier answer, long nowMs)
    {
        nextProbeMs = nowMs + (long)PollTiming.TierProbeInterval.TotalMilliseconds;
        failures = 0;
        answers = answer == present ? 0 : answers + 1;
        if (answers < AnswersNeeded)
        {
            return present;
        }

        answers = 0;
        return answer;
    }
}
