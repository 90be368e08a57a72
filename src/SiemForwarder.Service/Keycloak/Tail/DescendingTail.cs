using System.Globalization;
using SiemForwarder.Service.Keycloak.Client;
using SiemForwarder.Service.Keycloak.Polling;

namespace SiemForwarder.Service.Keycloak.Tail;

/// <summary>Tails a stream of a server without ids: from the newest row down to what is known, or day by day if that is too far.</summary>
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

    /// <summary>True if a pass was interrupted by the budget.</summary>
    public bool IsUnderWay => pass is not null || tail.Checkpoint.Backfill is not null;

    /// <summary>Reads until the pass is complete or the budget is used up; null, or the failure.</summary>
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
                // Limits the pages spent on a deep look.
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
        // The server's time zone is unknown, so the previous day is read as well.
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

        // In the earliest time zone the day ends 14 hours before it does in UTC.
        var readToMs = new DateTimeOffset(backfill.NextDay.AddDays(1), TimeOnly.MinValue, TimeSpan.FromHours(14)).ToUnixTimeMilliseconds();
        var next = tail.Advanced(readToMs) with { Backfill = backfill with { NextDay = backfill.NextDay.AddDays(1) } };
        return await tail.StoreAsync([], next, cancellationToken);
    }

    internal static string Text(DateOnly date) => date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}

/// <summary>Finds the day of the oldest stored event if the requested start is long before it, so that a day-by-day backfill skips empty years.</summary>
internal sealed class OldestDay(StreamPollContext tail)
{
    private const int MaxDays = 16_384;

    /// <summary>The requested day, or the day before the oldest event if that is later.</summary>
    public async Task<(DateOnly Day, PollFailure? Failure)> FindAsync(DateOnly wished, CancellationToken cancellationToken)
    {
        var today = DayBackfill.Day(tail.Clock.NowMs);
        var (withEvents, without) = (0, 1);
        while (true)
        {
            if (today.AddDays(-without) <= wished || without > MaxDays)
            {
                without = today.DayNumber - wished.DayNumber;
                break;
            }

            var (exists, failure) = await ExistsAsync(today.AddDays(-without), cancellationToken);
            if (failure is not null)
            {
                return (wished, failure);
            }

            if (!exists)
            {
                break;
            }

            (withEvents, without) = (without, without * 2);
        }

        while (without - withEvents > 1)
        {
            var middle = (withEvents + without) / 2;
            var (exists, failure) = await ExistsAsync(today.AddDays(-middle), cancellationToken);
            if (failure is not null)
            {
                return (wished, failure);
            }

            (withEvents, without) = exists ? (middle, without) : (withEvents, middle);
        }

        var found = today.AddDays(-without - 1);
        return (found < wished ? wished : found, null);
    }

    private async Task<(bool Exists, PollFailure? Failure)> ExistsAsync(DateOnly day, CancellationToken cancellationToken)
    {
        var query = new EventQuery(tail.Stream, 1) { To = DescendingTail.Text(day) };
        var (fetched, failure) = await tail.FetchAsync(query, KeycloakClient.MaxPageBytes, cancellationToken);
        using var page = fetched;

        // An unreadable row is a row too.
        return failure is { Suspect: PageSuspicion.UnreadableRow } ? (true, null) : (page?.Count > 0, failure);
    }
}
