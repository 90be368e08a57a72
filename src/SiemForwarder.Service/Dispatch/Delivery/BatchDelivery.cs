using System.Security.Cryptography;
using SiemForwarder.Destinations;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.Integrations;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Dispatch.Delivery;

/// <summary>Brings batches to their end at one destination: accepted, set aside, or kept until it works; and writes down which.</summary>
internal sealed class BatchDelivery : IDisposable
{
    private static readonly TimeSpan LeaseGlance = TimeSpan.FromMilliseconds(100);

    private readonly RunnableIntegration integration;
    private readonly string name;
    private readonly IDestination destination;
    private readonly IDeliveryJournal journal;
    private readonly EngineLeases leases;
    private readonly long fence;
    private readonly DispatchOptions options;
    private readonly TimeProvider time;
    private readonly ForwarderTelemetry telemetry;
    private readonly DatabaseRetry databaseRetry;
    private readonly DelayedCancellation grace;
    private int failedRounds;
    private int refusalsInARow;

    /// <param name="integration">Whose batches.</param>
    /// <param name="destination">Where to send.</param>
    /// <param name="journal">Where to write down what became of it.</param>
    /// <param name="leases">Nothing is sent while it is not sure that the lease holds.</param>
    /// <param name="fence">Number of that lease.</param>
    /// <param name="options">Retries and pauses.</param>
    /// <param name="time">Clock.</param>
    /// <param name="telemetry">Log and counters.</param>
    /// <param name="stopping">Stops the lane; what is on its way then may come to its end.</param>
    public BatchDelivery(
        RunnableIntegration integration, IDestination destination, IDeliveryJournal journal, EngineLeases leases, long fence, DispatchOptions options,
        TimeProvider time,
        ForwarderTelemetry telemetry, CancellationToken stopping)
    {
        (this.integration, name, this.destination, this.journal) = (integration, integration.Name, destination, journal);
        (this.leases, this.fence, this.options, this.time, this.telemetry) = (leases, fence, options, time, telemetry);
        databaseRetry = new DatabaseRetry(time, telemetry);
        grace = new DelayedCancellation(options.StopGrace, stopping);
        Round = new DeliveryRound(destination, options, time, NoteAttemptAsync, WaitForFreshLeaseAsync, grace.Token);
    }

    /// <summary>An attempt and its retries at this destination.</summary>
    public DeliveryRound Round { get; }

    public void Dispose() => grace.Dispose();

    /// <summary>Lets the destination make good what it saw going wrong while there was nothing to send.</summary>
    public async Task RecoverAsync(CancellationToken cancellationToken)
    {
        await WaitForFreshLeaseAsync(cancellationToken);
        switch (await destination.RecoverAsync(grace.Token))
        {
            case DeliveryOutcome.Delivered delivered:
                telemetry.Mended(name, delivered.Answer);
                break;
            case DeliveryOutcome.Transient transient:
                await NoteAttemptAsync(transient, cancellationToken);
                break;
            case DeliveryOutcome.Misconfigured misconfigured:
                await NoteAttemptAsync(new DeliveryOutcome.Transient(misconfigured.Category, misconfigured.Reason), cancellationToken);
                break;
            default:
                break;
        }
    }

    /// <summary>Brings a run of positions to its end: everything accepted, set aside, or left out by the filter. False where the checkpoint
    /// was taken away.</summary>
    public async Task<bool> DeliverAsync(AssembledBatch assembled, CancellationToken cancellationToken)
    {
        foreach (var gap in assembled.Gaps)
        {
            await databaseRetry.TryUntilDoneAsync(token => NoteGapAsync(assembled, gap, token), cancellationToken);
        }

        var done = assembled.AfterPosition;
        var batch = assembled.Batch;
        var parts = new Stack<(int First, int Count)>();
        parts.Push((0, batch.Count));
        while (parts.TryPop(out var part))
        {
            // The run ends behind the last event that passed the filter; the last part takes the rest with it.
            var last = parts.Count == 0 ? assembled.LastPosition : batch.Events[part.First + part.Count - 1].Position;
            var slice = part.Count == batch.Count ? batch : batch.Slice(part.First, part.Count);
            await WaitForFreshLeaseAsync(cancellationToken);
            var result = part.Count == 0 ? Nothing : await SendAsync(slice, cancellationToken);
            var refused = new List<RefusedEvent>();
            switch (result.Outcome)
            {
                case DeliveryOutcome.Partial partial:
                    result = await SettlePartialAsync(slice, partial, result.Attempts, refused, cancellationToken);
                    break;
                case DeliveryOutcome.Rejected when part.Count > 1:
                    var half = part.Count / 2;
                    parts.Push((part.First + half, part.Count - half));
                    parts.Push((part.First, half));
                    continue;
                case DeliveryOutcome.Rejected rejected:
                    refused.Add(new RefusedEvent(slice.Events[0], slice[0].ToArray(), rejected.Reason, rejected.Answer));
                    break;
                default:
                    break;
            }

            if (result.Outcome is DeliveryOutcome.Transient or DeliveryOutcome.Misconfigured)
            {
                parts.Push(part);
                await PauseAsync(result.Outcome, cancellationToken);
                continue;
            }

            var record = Record(assembled, done, last, slice, refused, result);
            if (!await databaseRetry.TryUntilDoneAsync(token => journal.RecordAsync(record, token), grace.Token))
            {
                return false;
            }

            CrashPoint.Pass(CrashPoint.AfterCheckpoint);
            Note(record);
            done = last;
            if (result.Outcome is DeliveryOutcome.Delivered { SlowDown: { } slowDown })
            {
                await SlowDownAsync(slowDown, cancellationToken);
            }
        }

        return true;
    }

    private static RoundResult Nothing { get; } = new(new DeliveryOutcome.Delivered("filtered out"), 0);

    /// <summary>One round, its end told in one way: a partial answer with nothing accepted is a rejection, where it refuses all, or a
    /// failed round, where all shall come again.</summary>
    private async Task<RoundResult> SendAsync(DeliveryBatch slice, CancellationToken cancellationToken)
    {
        var result = await Round.RunAsync(slice, cancellationToken);
        var outcome = result.Outcome switch
        {
            DeliveryOutcome.Partial { Retry.Count: 0 } none when none.Refused.Count == slice.Count =>
                new DeliveryOutcome.Rejected(none.Refused[0].Reason, none.Refused[0].Answer),
            DeliveryOutcome.Partial { Refused.Count: 0 } none when none.Retry.Count == slice.Count =>
                new DeliveryOutcome.Transient(ErrorCategory.ServerError, none.Answer, none.RetryAfter),
            var other => other,
        };
        return result with { Outcome = outcome is DeliveryOutcome.Rejected rejected && slice.Count == 1 ? Guarded(rejected) : outcome };
    }

    /// <summary>Single events that are refused one after the other, and none accepted between: the destination is at fault, not the events.</summary>
    private DeliveryOutcome Guarded(DeliveryOutcome.Rejected rejected) => ++refusalsInARow <= options.MaxRefusalsInARow
        ? rejected
        : new DeliveryOutcome.Misconfigured(
            ErrorCategory.Rejected,
            $"It refused {refusalsInARow} events one after the other and accepted none between, so it looks as if it refuses every event. Check that URL, "
                + $"output type and schema are what it expects. Its answer: {rejected.Reason}");

    /// <summary>Sends again what a partial answer left open, until every event is accepted or refused for good.</summary>
    private async Task<RoundResult> SettlePartialAsync(
        DeliveryBatch slice, DeliveryOutcome.Partial partial, int attempts, List<RefusedEvent> refused, CancellationToken cancellationToken)
    {
        List<string> answers = [];
        SlowDown? slowDown = null;
        while (true)
        {
            refused.AddRange(partial.Refused.Select(one => new RefusedEvent(slice.Events[one.Index], slice[one.Index].ToArray(), one.Reason, one.Answer)));
            refusalsInARow = partial.Refused.Count + partial.Retry.Count < slice.Count ? 0 : refusalsInARow;
            answers.Add(partial.Answer);
            if (partial.Retry.Count == 0)
            {
                return new RoundResult(new DeliveryOutcome.Delivered(string.Join("; then ", answers.Distinct())) { SlowDown = slowDown }, attempts);
            }

            slice = slice.Select(partial.Retry);
            var next = await SendUntilSettledAsync(slice, cancellationToken);
            attempts += next.Attempts;
            slowDown = (next.Outcome as DeliveryOutcome.Delivered)?.SlowDown;
            partial = next.Outcome switch
            {
                DeliveryOutcome.Partial again => again,
                DeliveryOutcome.Delivered delivered => new DeliveryOutcome.Partial([], [], delivered.Answer),
                DeliveryOutcome.Rejected rejected when slice.Count == 1 =>
                    new DeliveryOutcome.Partial([new RejectedEvent(0, rejected.Reason, rejected.Answer)], [], rejected.Answer),
                _ => await SendOneByOneAsync(slice, cancellationToken),
            };
        }
    }

    /// <summary>Sends until something is accepted or refused for good, with a pause after every failed round.</summary>
    private async Task<RoundResult> SendUntilSettledAsync(DeliveryBatch slice, CancellationToken cancellationToken)
    {
        var attempts = 0;
        while (true)
        {
            var result = await SendAsync(slice, cancellationToken);
            attempts += result.Attempts;
            if (result.Outcome is not (DeliveryOutcome.Transient or DeliveryOutcome.Misconfigured))
            {
                return result with { Attempts = attempts };
            }

            await PauseAsync(result.Outcome, cancellationToken);
        }
    }

    /// <summary>Sends the events of a refused remainder one by one.</summary>
    private async Task<DeliveryOutcome.Partial> SendOneByOneAsync(DeliveryBatch slice, CancellationToken cancellationToken)
    {
        List<RejectedEvent> refused = [];
        for (var i = 0; i < slice.Count; i++)
        {
            var result = await SendUntilSettledAsync(slice.Slice(i, 1), cancellationToken);
            if (result.Outcome is DeliveryOutcome.Rejected rejected)
            {
                refused.Add(new RejectedEvent(i, rejected.Reason, rejected.Answer));
            }
            else
            {
                refusalsInARow = 0;
            }
        }

        return new DeliveryOutcome.Partial(refused, [], "sent one by one");
    }

    /// <summary>The destination took everything and asks for less: shows that, and lets it breathe.</summary>
    private async Task SlowDownAsync(SlowDown slowDown, CancellationToken cancellationToken)
    {
        var wait = slowDown.Wait is { } asked && asked > options.SlowDownPause ? asked : options.SlowDownPause;
        telemetry.SlowedDown(name, slowDown.Reason, wait);
        await NoteErrorAsync(new DeliveryError(ErrorCategory.RateLimited, slowDown.Reason, time.GetUtcNow() + wait), cancellationToken);
        await Task.Delay(wait, time, cancellationToken);
    }

    /// <summary>
    /// Sends nothing while it is not sure that the lease still holds: after a pause of the whole process, or with the database away.
    /// Where the lease is lost, the loop is cancelled here.
    /// </summary>
    public async Task WaitForFreshLeaseAsync(CancellationToken cancellationToken)
    {
        while (!leases.MayUse(LeaseKind.Integration, integration.Id, fence))
        {
            await Task.Delay(LeaseGlance, time, cancellationToken);
        }
    }

    /// <summary>Shows a failed round and waits until the next one is due.</summary>
    public async Task PauseAsync(DeliveryOutcome outcome, CancellationToken cancellationToken)
    {
        failedRounds++;
        var (category, reason, pause) = outcome switch
        {
            DeliveryOutcome.Transient transient => (transient.Category, transient.Reason,
                RetrySchedule.RoundPause(options, failedRounds, transient.RetryAfter, Random.Shared.NextDouble())),
            DeliveryOutcome.Misconfigured misconfigured => (misconfigured.Category, misconfigured.Reason, options.ProbePause),
            _ => throw new InvalidOperationException("Only a failed round pauses."),
        };
        telemetry.RoundFailed(name, category, reason, pause);
        var error = new DeliveryError(category, reason, time.GetUtcNow() + pause);
        await databaseRetry.TryUntilDoneAsync(token => Recorded(journal.RecordErrorAsync(error, token)), cancellationToken);
        await Task.Delay(pause, time, cancellationToken);
    }

    private async Task NoteAttemptAsync(DeliveryOutcome.Transient transient, CancellationToken cancellationToken)
    {
        telemetry.AttemptFailed(name, transient.Category, transient.Reason);
        await NoteErrorAsync(new DeliveryError(transient.Category, transient.Reason, time.GetUtcNow()), cancellationToken);
    }

    private async Task NoteErrorAsync(DeliveryError error, CancellationToken cancellationToken)
    {
        try
        {
            await journal.RecordAttemptAsync(error, cancellationToken);
        }
        catch (Exception exception) when (DatabaseFault.IsDatabase(exception))
        {
            // The note is a courtesy; the end of the round is recorded by all means.
            telemetry.DatabaseUnavailable(exception);
        }
    }

    private async Task<bool> NoteGapAsync(AssembledBatch assembled, PositionRange gap, CancellationToken cancellationToken)
    {
        if (await journal.RecordGapAsync(assembled.SourceId, gap, assembled.Incarnation, cancellationToken))
        {
            telemetry.GapFound(name, assembled.SourceId, gap.Last - gap.First + 1);
        }

        return true;
    }

    private static async Task<bool> Recorded(Task task)
    {
        await task;
        return true;
    }

    private static DeliveryRecord Record(
        AssembledBatch assembled, long done, long last, DeliveryBatch slice, List<RefusedEvent> refused, RoundResult result)
    {
        var accepted = slice.Count - refused.Count;
        var answer = result.Outcome is DeliveryOutcome.Delivered delivered ? delivered.Answer : "set aside";
        return new DeliveryRecord(
            assembled.SourceId, done, last, accepted, slice.Bytes.Length, SHA256.HashData(slice.Bytes.Span), result.Attempts, answer,
            FilteredRanges.Between(done, last, slice.Events), assembled.Incarnation, refused);
    }

    private void Note(DeliveryRecord record)
    {
        if (record.EventCount > 0)
        {
            (failedRounds, refusalsInARow) = (0, 0);
            telemetry.BatchDelivered(name, record.EventCount, record.ByteCount);
        }

        foreach (var refused in record.SetAside)
        {
            telemetry.EventSetAside(name, refused.Event.Id, refused.Reason);
        }
    }
}
