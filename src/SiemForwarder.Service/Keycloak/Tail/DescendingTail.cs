using System.Globalization;
using SiemForwarder.Service.Keycloak.Client;
using SiemForwarder.Service.Keycloak.Polling;

namespace SiemForwarder.Service.Keycloak.Tail;

/// <summary>Tails a stream of a server without ids: from the newest row down to what is known, or day by day where that is too far.</summary>
internal sealed class DescendingTail(StreamPollContext tail)
{
    private const int PagesBeforeDays = 200;
    private const int RowsOfFirstPage = 100;
    private DescendingReader? pass;
    private DescendingReader? day;
    private long floorMs;
    private long? anchorMs;
    private long usualFloorMs;
    private long nextSweepMs = long.MinValue;
    private long passStartedMs;

    /// <summary>True where a pass was cut short by the budget.</summary>
    public bool IsUnderWay => pass is not null || tail.Checkpoint.Backfill is not null;

    /// <summary>Reads until the pass is complete or the budget is used; null, or what went wrong.</summary>
    public async Task<PollFailure?> PollAsync(CancellationToken cancellationToken)
    {
        while (tail.Checkpoint.Backfill is { } backfill)
        {
            if (tail.PagesLeft <= 0)
            {
                return null;
            }

            var failure = await ReadDayAsync(backfill, cancellationToken);
            if (failure is not null)
            {
                return failure;
            }
        }

        return await ReadPassAsync(cancellationToken);
    }

    private async Task<PollFailure?> ReadPassAsync(CancellationToken cancellationToken)
    {
        pass ??= Begin();
        while (!pass.IsDone)
        {
            if (pass.PagesRead >= PagesBeforeDays && pass.ReachedMs < Math.Min(usualFloorMs, tail.KeptFromMs))
            {
                // A deep look is worth so many pages and no more.
                break;
            }

            if (pass.PagesRead >= PagesBeforeDays)
            {
                pass = null;
                return await BeginDaysAsync(cancellationToken);
            }

            if (tail.PagesLeft <= 0)
            {
                return null;
            }

            var failure = await pass.ReadAsync(cancellationToken);
            if (failure is not null)
            {
                return failure;
            }
        }

        var (maxTimeMs, reachedMs, sweepAnchorMs) = (pass.MaxTimeMs, pass.IsDone ? long.MinValue : pass.ReachedMs + 1, anchorMs);
        pass = null;
        tail.NoteRead(maxTimeMs);
        var unstored = await CompleteAsync(tail.Advanced(maxTimeMs), sweepAnchorMs, cancellationToken);
        if (unstored is null && sweepAnchorMs is not null)
        {
            tail.Sweeps.Complete(reachedMs);
        }

        return unstored;
    }

    private DescendingReader Begin()
    {
        var checkpoint = tail.Checkpoint;
        passStartedMs = tail.Clock.LocalMs;
        var isSweep = passStartedMs >= nextSweepMs;
        anchorMs = isSweep ? SweepAnchor.For(tail) : null;
        usualFloorMs = tail.Sweeps.UsualFromMs;
        floorMs = isSweep ? tail.Sweeps.Begin() : tail.NewestFromMs;
        if (isSweep)
        {
            tail.Known.BeginSweep(floorMs, checkpoint.WatermarkMs);
        }

        return new DescendingReader(tail, floorMs, null, null, Math.Min(RowsOfFirstPage, tail.PageSize.Rows));
    }

    private async Task<PollFailure?> CompleteAsync(PollCheckpoint next, long? anchor, CancellationToken cancellationToken)
    {
        var failure = await tail.StoreAsync([], anchor is { } reached ? next with { SweepAnchorMs = reached } : next, cancellationToken);
        if (failure is not null || anchor is null)
        {
            return failure;
        }

        var pauseMs = (long)PollTiming.SweepInterval(tail.Stream).TotalMilliseconds;
        nextSweepMs = tail.Clock.LocalMs + Math.Clamp(4 * (tail.Clock.LocalMs - passStartedMs), pauseMs, Math.Max(pauseMs, PollTiming.HorizonMs));
        return await SweepAnchor.ReportRemovedAsync(tail, cancellationToken);
    }

    private async Task<PollFailure?> BeginDaysAsync(CancellationToken cancellationToken)
    {
        // The server's zone is unknown, so the day before is read as well.
        var (first, failure) = await new OldestDay(tail).FindAsync(DayBackfill.Day(floorMs).AddDays(-1), cancellationToken);
        return failure ?? await tail.StoreAsync(
            [], tail.Checkpoint with { Backfill = new DayBackfill(first, SweepAnchor.For(tail)) }, cancellationToken);
    }

    private async Task<PollFailure?> ReadDayAsync(DayBackfill backfill, CancellationToken cancellationToken)
    {
        day ??= new DescendingReader(tail, tail.Checkpoint.StartMs, Text(backfill.NextDay), Text(backfill.NextDay.AddDays(1)), tail.PageSize.Rows);
        while (!day.IsDone)
        {
            if (tail.PagesLeft <= 0)
            {
                return null;
            }

            var failure = await day.ReadAsync(cancellationToken);
            if (failure is not null)
            {
                return failure;
            }
        }

        day = null;
        if (backfill.NextDay > DayBackfill.Day(tail.Clock.NowMs))
        {
            return await CompleteAsync(tail.Advanced(backfill.AnchorMs) with { Backfill = null }, backfill.AnchorMs, cancellationToken);
        }

        // The day that ends first ends 14 hours before it does in UTC.
        var readToMs = new DateTimeOffset(backfill.NextDay.AddDays(1), TimeOnly.MinValue, TimeSpan.FromHours(14)).ToUnixTimeMilliseconds();
        var next = tail.Advanced(readToMs) with { Backfill = backfill with { NextDay = backfill.NextDay.AddDays(1) } };
        return await tail.StoreAsync([], next, cancellationToken);
    }

    internal static string Text(DateOnly date) => date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
