using System.Security.Cryptography;
using SiemForwarder.Destinations;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Integrations;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Dispatch;

/// <summary>The loop of one integration: read, filter, format, send, record; on and on, whatever the destination does.</summary>
/// <remarks>
/// Order is kept per source. A checkpoint moves only after the destination accepted everything before it. The loop ends
/// by cancellation, or when it learns that somebody else moved its checkpoint.
/// </remarks>
internal sealed class IntegrationDispatcher(
    RunnableIntegration integration, IDestination destination, BatchAssembler assembler, DeliveryRecorder recorder,
    Func<DeliveryRound, Redriver> openRedriver, SourceDirectory sources,
    EventLogSignal signal, EngineLeases leases, long fence, DispatchOptions options, TimeProvider time, ForwarderTelemetry telemetry)
{
    private static readonly TimeSpan IdleInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LeaseGlance = TimeSpan.FromMilliseconds(100);

    private readonly DatabasePatience patience = new(time, telemetry);
    private int failedRounds;
    private int refusalsInARow;
    private long redrivenAt;

    /// <summary>Delivers until cancelled; returns where another engine took over.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var round = new DeliveryRound(destination, options, time, NoteAttemptAsync, WaitForFreshLeaseAsync);
        var checkpoints = await patience.TryUntilDoneAsync(token => recorder.LoadCheckpointsAsync(integration.Id, token), cancellationToken);
        var redriver = openRedriver(round);
        while (true)
        {
            var grown = signal.Grown;
            await RedriveAsync(redriver, cancellationToken);
            var progress = false;
            foreach (var sourceId in await patience.TryUntilDoneAsync(ListSourcesAsync, cancellationToken))
            {
                var after = checkpoints.GetValueOrDefault(sourceId);
                var assembled = await patience.TryUntilDoneAsync(token => assembler.NextAsync(sourceId, after, token), cancellationToken);
                if (assembled is null)
                {
                    continue;
                }

                if (!await DeliverAsync(assembled, round, cancellationToken))
                {
                    telemetry.CheckpointTaken(integration.Name, sourceId);
                    return;
                }

                checkpoints[sourceId] = assembled.LastPosition;
                progress = true;
            }

            if (!progress)
            {
                await Task.WhenAny(grown, Task.Delay(IdleInterval, time, cancellationToken));
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
    }

    /// <summary>Sends again what somebody asked for; a destination that is away ends the turn, the rest is asked for again in the next.</summary>
    private async Task RedriveAsync(Redriver redriver, CancellationToken cancellationToken)
    {
        await WaitForFreshLeaseAsync(cancellationToken);
        if (time.GetElapsedTime(redrivenAt) < IdleInterval)
        {
            return;
        }

        redrivenAt = time.GetTimestamp();
        if (await patience.TryUntilDoneAsync(redriver.RunAsync, cancellationToken) is { } stopped)
        {
            await PauseAsync(stopped, cancellationToken);
        }
    }

    private async Task<IReadOnlyList<int>> ListSourcesAsync(CancellationToken cancellationToken)
    {
        var existing = await sources.ListAsync(cancellationToken);
        return integration.Sources.Count == 0 ? existing : [.. existing.Where(integration.Sources.Contains)];
    }

    /// <summary>Brings a run of positions to its end: everything accepted, set aside, or left out by the filter. False where the checkpoint was taken away.</summary>
    private async Task<bool> DeliverAsync(AssembledBatch assembled, DeliveryRound round, CancellationToken cancellationToken)
    {
        foreach (var gap in assembled.Gaps)
        {
            await patience.TryUntilDoneAsync(token => NoteGapAsync(assembled.SourceId, gap, token), cancellationToken);
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
            var result = part.Count == 0 ? Nothing : AsRejected(await round.RunAsync(slice, cancellationToken), slice.Count);
            var refused = new List<RefusedEvent>();
            switch (result.Outcome)
            {
                case DeliveryOutcome.Partial partial:
                    result = await SettlePartialAsync(slice, partial, result.Attempts, refused, round, cancellationToken);
                    break;
                case DeliveryOutcome.Rejected when part.Count > 1:
                    var half = part.Count / 2;
                    parts.Push((part.First + half, part.Count - half));
                    parts.Push((part.First, half));
                    continue;
                case DeliveryOutcome.Rejected rejected when ++refusalsInARow <= options.MaxRefusalsInARow:
                    refused.Add(new RefusedEvent(slice.Events[0], slice[0].ToArray(), rejected.Reason, rejected.Answer));
                    break;
                case DeliveryOutcome.Rejected rejected:
                    result = result with
                    {
                        Outcome = new DeliveryOutcome.Misconfigured(
                            ErrorCategory.Rejected,
                            $"It refused {refusalsInARow} events one after the other and accepted none between, so it looks as if it refuses every event. Check that URL, output type and schema are what it expects. Its answer: {rejected.Reason}"),
                    };
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

            var record = Record(assembled.SourceId, done, last, slice, refused, result);
            if (!await patience.TryUntilDoneAsync(token => recorder.RecordAsync(integration.Id, record, token), cancellationToken))
            {
                return false;
            }

            CrashPoint.Pass(CrashPoint.AfterCheckpoint);
            Note(record);
            done = last;
        }

        return true;
    }

    private static RoundResult Nothing { get; } = new(new DeliveryOutcome.Delivered("filtered out"), 0);

    /// <summary>A partial answer that refuses every event is a rejection: halving, and the guard against a destination that takes nothing, are for it too.</summary>
    private static RoundResult AsRejected(RoundResult result, int count) =>
        result.Outcome is DeliveryOutcome.Partial { Retry.Count: 0 } partial && partial.Refused.Count == count
            ? result with { Outcome = new DeliveryOutcome.Rejected(partial.Refused[0].Reason, partial.Refused[0].Answer) }
            : result;

    /// <summary>Sends again what a partial answer left open, until every event is accepted or refused for good.</summary>
    private async Task<RoundResult> SettlePartialAsync(
        DeliveryBatch slice, DeliveryOutcome.Partial partial, int attempts, List<RefusedEvent> refused, DeliveryRound round, CancellationToken cancellationToken)
    {
        while (true)
        {
            refused.AddRange(partial.Refused.Select(one => new RefusedEvent(slice.Events[one.Index], slice[one.Index].ToArray(), one.Reason, one.Answer)));
            if (partial.Retry.Count == 0)
            {
                return new RoundResult(new DeliveryOutcome.Delivered(partial.Answer), attempts);
            }

            if (partial.Refused.Count == 0 && partial.Retry.Count == slice.Count)
            {
                await PauseAsync(new DeliveryOutcome.Transient(ErrorCategory.ServerError, partial.Answer, partial.RetryAfter), cancellationToken);
            }

            slice = slice.Select(partial.Retry);
            var next = await round.RunAsync(slice, cancellationToken);
            attempts += next.Attempts;
            while (next.Outcome is DeliveryOutcome.Transient or DeliveryOutcome.Misconfigured)
            {
                await PauseAsync(next.Outcome, cancellationToken);
                next = await round.RunAsync(slice, cancellationToken);
                attempts += next.Attempts;
            }

            partial = next.Outcome switch
            {
                DeliveryOutcome.Partial again => again,
                DeliveryOutcome.Rejected rejected when slice.Count == 1 => new DeliveryOutcome.Partial([new RejectedEvent(0, rejected.Reason, rejected.Answer)], [], rejected.Answer),
                DeliveryOutcome.Rejected => await SendOneByOneAsync(slice, refused, round, cancellationToken),
                DeliveryOutcome.Delivered delivered => new DeliveryOutcome.Partial([], [], delivered.Answer),
                _ => throw new InvalidOperationException("A round ended in an outcome that nobody knows."),
            };
        }
    }

    /// <summary>Sends the events of a refused remainder one by one.</summary>
    private async Task<DeliveryOutcome.Partial> SendOneByOneAsync(
        DeliveryBatch slice, List<RefusedEvent> refused, DeliveryRound round, CancellationToken cancellationToken)
    {
        for (var i = 0; i < slice.Count; i++)
        {
            await SettlePartialAsync(slice, new DeliveryOutcome.Partial([], [i], "refused as a whole"), 0, refused, round, cancellationToken);
        }

        return new DeliveryOutcome.Partial([], [], "accepted one by one");
    }

    /// <summary>
    /// Sends nothing while it is not sure that the lease still holds: after a pause of the whole process, or with the database away.
    /// Where the lease is lost, the loop is cancelled here.
    /// </summary>
    private async Task WaitForFreshLeaseAsync(CancellationToken cancellationToken)
    {
        while (!leases.MayUse(LeaseKind.Integration, integration.Id, fence))
        {
            await Task.Delay(LeaseGlance, time, cancellationToken);
        }
    }

    private async Task PauseAsync(DeliveryOutcome outcome, CancellationToken cancellationToken)
    {
        failedRounds++;
        var (category, reason, pause) = outcome switch
        {
            DeliveryOutcome.Transient transient => (transient.Category, transient.Reason,
                RetrySchedule.RoundPause(options, failedRounds, transient.RetryAfter, Random.Shared.NextDouble())),
            DeliveryOutcome.Misconfigured misconfigured => (misconfigured.Category, misconfigured.Reason, options.ProbePause),
            _ => throw new InvalidOperationException("Only a failed round pauses."),
        };
        telemetry.RoundFailed(integration.Name, category, reason, pause);
        var error = new DeliveryError(category, reason, time.GetUtcNow() + pause);
        await patience.TryUntilDoneAsync(token => Recorded(recorder.RecordErrorAsync(integration.Id, error, token)), cancellationToken);
        await Task.Delay(pause, time, cancellationToken);
    }

    private async Task NoteAttemptAsync(DeliveryOutcome.Transient transient, CancellationToken cancellationToken)
    {
        telemetry.AttemptFailed(integration.Name, transient.Category, transient.Reason);
        try
        {
            await recorder.RecordAttemptAsync(integration.Id, new DeliveryError(transient.Category, transient.Reason, time.GetUtcNow()), cancellationToken);
        }
        catch (Exception exception) when (DatabaseFault.IsPassing(exception))
        {
            // The note is a courtesy; the end of the round is recorded with patience.
            telemetry.DatabaseUnavailable(exception);
        }
    }

    private async Task<bool> NoteGapAsync(int sourceId, PositionRange gap, CancellationToken cancellationToken)
    {
        await recorder.RecordGapAsync(integration.Id, sourceId, gap.First, gap.Last, cancellationToken);
        telemetry.GapFound(integration.Name, sourceId, gap.Last - gap.First + 1);
        return true;
    }

    private static async Task<bool> Recorded(Task task)
    {
        await task;
        return true;
    }

    private static DeliveryRecord Record(
        int sourceId, long done, long last, DeliveryBatch slice, List<RefusedEvent> refused, RoundResult result)
    {
        var accepted = slice.Count - refused.Count;
        var answer = result.Outcome is DeliveryOutcome.Delivered delivered ? delivered.Answer : "set aside";
        return new DeliveryRecord(
            sourceId, done, last, accepted, slice.Bytes.Length, SHA256.HashData(slice.Bytes.Span), result.Attempts, answer,
            FilteredRanges.Between(done, last, slice.Events), refused);
    }

    private void Note(DeliveryRecord record)
    {
        if (record.EventCount > 0)
        {
            (failedRounds, refusalsInARow) = (0, 0);
            telemetry.BatchDelivered(integration.Name, record.EventCount, record.ByteCount);
        }

        foreach (var refused in record.SetAside)
        {
            telemetry.EventSetAside(integration.Name, refused.Event.Id, refused.Reason);
        }
    }
}
