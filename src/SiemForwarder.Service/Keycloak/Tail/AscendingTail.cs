using SiemForwarder.Service.Keycloak.Client;
using SiemForwarder.Service.Keycloak.Polling;

namespace SiemForwarder.Service.Keycloak.Tail;

/// <summary>Tails a stream of a server with ids: ascending by time, without offsets, so that rows inserted or deleted meanwhile cannot shift a page.</summary>
/// <remarks>Each poll reads from a little before the watermark. A sweep reads from the horizon before the anchor, so that an event whose transaction
/// committed late is found whatever happened in between: what the previous sweep could not see was stamped within the horizon before its start.</remarks>
internal sealed class AscendingTail(StreamPollContext tail)
{
    private readonly AscendingReader reader = new(tail);
    private long? cursorMs;
    private long nextSweepMs = long.MinValue;
    private long sweepStartedMs;

    /// <summary>True if a pass was interrupted by the budget.</summary>
    public bool IsUnderWay => cursorMs is not null || tail.Checkpoint.Sweep is not null;

    /// <summary>Reads until the end of the stream or until the budget is used up; null, or the failure.</summary>
    public async Task<PollFailure?> PollAsync(CancellationToken cancellationToken)
    {
        var isContinued = tail.Checkpoint.Sweep is not null;
        BeginSweepIfDue();
        var isCatchingUp = tail.Clock.NowMs - tail.Checkpoint.WatermarkMs > tail.HorizonMs;
        if (tail.Checkpoint.Sweep is null || (isContinued && !isCatchingUp))
        {
            var failure = await ReadNewestAsync(cancellationToken);
            if (failure is not null)
            {
                return failure;
            }
        }

        return tail.Checkpoint.Sweep is null ? null : await SweepAsync(cancellationToken);
    }

    /// <summary>Resets the pass because the checkpoint was moved back: what was read since does not count.</summary>
    public void GoBack()
    {
        cursorMs = null;
        nextSweepMs = long.MinValue;
    }

    private async Task<PollFailure?> ReadNewestAsync(CancellationToken cancellationToken)
    {
        var fromMs = cursorMs ?? tail.NewestFromMs;
        do
        {
            var step = await reader.ReadAsync(fromMs, tail.NewestToMs, next => next, cancellationToken);
            if (step.Failure is not null)
            {
                return step.Failure;
            }

            cursorMs = step.NextMs;
            fromMs = step.NextMs ?? 0;
        }
        while (cursorMs is not null && tail.PagesLeft > 0);
        return null;
    }

    private async Task<PollFailure?> SweepAsync(CancellationToken cancellationToken)
    {
        while (tail.Checkpoint.Sweep is { } sweep && tail.PagesLeft > 0)
        {
            var step = await reader.ReadAsync(sweep.CursorMs, null, AdvanceSweep, cancellationToken);
            if (step.Failure is not null)
            {
                return step.Failure;
            }
        }

        return tail.Checkpoint.Sweep is null ? await CompleteSweepAsync(cancellationToken) : null;
    }

    private SweepChange AdvanceSweep(SweepChange change) =>
        change with
        {
            Checkpoint = change.NextMs is { } next
                ? change.Checkpoint with { Sweep = change.Checkpoint.Sweep! with { CursorMs = next } }
                : change.Checkpoint with { Sweep = null, SweepAnchorMs = change.Checkpoint.Sweep!.AnchorMs },
        };

    private void BeginSweepIfDue()
    {
        var checkpoint = tail.Checkpoint;
        if (checkpoint.Sweep is not null || tail.Clock.LocalMs < nextSweepMs)
        {
            return;
        }

        sweepStartedMs = tail.Clock.LocalMs;
        var fromMs = tail.Sweeps.Begin();
        tail.Known.BeginSweep(fromMs, checkpoint.WatermarkMs);
        tail.Assume(checkpoint with { Sweep = new SweepProgress(fromMs, SweepAnchor.For(tail)) }, isStored: false);
    }

    private async Task<PollFailure?> CompleteSweepAsync(CancellationToken cancellationToken)
    {
        // Long sweeps must not burden the server: at most a fifth of the time is spent sweeping.
        var tookMs = tail.Clock.LocalMs - sweepStartedMs;
        var pauseMs = (long)PollTiming.SweepInterval(tail.Stream).TotalMilliseconds;
        nextSweepMs = tail.Clock.LocalMs + Math.Clamp(4 * tookMs, pauseMs, Math.Max(pauseMs, PollTiming.HorizonMs));
        cursorMs = null;
        tail.Sweeps.Complete();
        return await SweepAnchor.ReportRemovedAsync(tail, cancellationToken);
    }
}
