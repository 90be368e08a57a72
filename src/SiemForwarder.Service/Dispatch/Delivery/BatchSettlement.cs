using SiemForwarder.Connections;
using SiemForwarder.Destinations;

namespace SiemForwarder.Service.Dispatch.Delivery;

/// <summary>What to do after a batch was sent.</summary>
internal abstract record Settlement
{
    private Settlement()
    {
    }

    /// <summary>A part of the run is done: record it.</summary>
    /// <param name="Slice">The events of the part, accepted and refused.</param>
    /// <param name="AfterPosition">Where the part starts.</param>
    /// <param name="LastPosition">Where it ends; the last part of a run includes the positions after its last event.</param>
    /// <param name="Refused">The events to set aside.</param>
    /// <param name="Answer">The response of the destination.</param>
    /// <param name="Attempts">How many attempts it took.</param>
    /// <param name="SlowDown">The delay that the destination asks for before the next batch; null if none.</param>
    /// <param name="TookAny">Whether the destination has accepted any event of the run so far; null if it has not and parts remain to be sent.</param>
    public sealed record PartDone(
        DeliveryBatch Slice, long AfterPosition, long LastPosition, IReadOnlyList<RefusedEvent> Refused, string Answer, int Attempts, SlowDown? SlowDown,
        bool? TookAny)
        : Settlement
    {
        public int AcceptedCount => Slice.Count - Refused.Count;
    }

    /// <summary>The round failed: show it, and send the same batch again after a pause.</summary>
    /// <param name="FailedRounds">How many rounds have failed since the destination last accepted something.</param>
    public sealed record RetryLater(ErrorCategory Category, string Reason, TimeSpan? RetryAfter, int FailedRounds) : Settlement;

    /// <summary>A setting has to be changed: show it, and probe from time to time.</summary>
    public sealed record Hold(ErrorCategory Category, string Reason) : Settlement;

    /// <summary>The batch was rejected as a whole: send its halves.</summary>
    public sealed record Halve : Settlement;

    /// <summary>Part of the batch was accepted or permanently rejected: send the rest.</summary>
    public sealed record SendRest : Settlement;
}

/// <summary>Decides what happens to a batch after each outcome until all of it is accepted or set aside: no I/O, no clock.</summary>
/// <param name="maxRefusalsInARow">Maximum number of consecutive rejections of single events; beyond this the destination is at
/// fault, not the events.</param>
internal sealed class BatchSettlement(int maxRefusalsInARow)
{
    private readonly Stack<(int First, int Count)> parts = new();
    private AssembledBatch? run;
    private (int First, int Count) part;
    private PartialAnswer? partial;
    private long done;
    private bool tookAny;
    private int refusalsInARow;
    private int failedRounds;

    /// <summary>What to send next; null if the whole run is done. Empty if the filter excluded everything.</summary>
    public DeliveryBatch? Next { get; private set; }

    /// <summary>Starts a run; what is known about the destination is kept.</summary>
    public void Begin(AssembledBatch assembled)
    {
        run = assembled;
        (done, tookAny) = (assembled.AfterPosition, false);
        parts.Clear();
        parts.Push((0, assembled.Batch.Count));
        TakePart();
    }

    /// <summary>Decides what to do after <see cref="Next"/> was sent with this outcome and number of attempts.</summary>
    public Settlement Settle(DeliveryOutcome outcome, int attempts)
    {
        var sent = Next!;
        switch (Guarded(Whole(outcome, sent), sent))
        {
            case DeliveryOutcome.Transient transient:
                partial?.CountAttempts(attempts);
                return new Settlement.RetryLater(transient.Category, transient.Reason, transient.RetryAfter, ++failedRounds);
            case DeliveryOutcome.Misconfigured misconfigured:
                partial?.CountAttempts(attempts);
                failedRounds++;
                return new Settlement.Hold(misconfigured.Category, misconfigured.Reason);
            case DeliveryOutcome.Rejected when partial is null && sent.Count > 1:
                return Halve();
            case DeliveryOutcome.Rejected rejected when partial is null:
                return End(sent, [RefusedEvent.Of(sent, 0, rejected.Reason, rejected.Answer)], "set aside", attempts, null);
            case DeliveryOutcome.Delivered delivered when partial is null:
                return End(sent, [], delivered.Answer, attempts, delivered.SlowDown);
            case var answer:
                partial ??= new PartialAnswer(sent);
                refusalsInARow = partial.Take(answer, sent, attempts) ? 0 : refusalsInARow;
                Next = partial.Open;
                return Next is not null ? new Settlement.SendRest() : End(partial.Part, partial.Refused, partial.Answer, partial.Attempts, partial.SlowDown);
        }
    }

    /// <summary>Simplifies an outcome: a partial response that accepts nothing is a rejection if it rejects everything, or a failed round
    /// if everything is to be retried.</summary>
    private static DeliveryOutcome Whole(DeliveryOutcome outcome, DeliveryBatch sent) => outcome switch
    {
        DeliveryOutcome.Partial { Retry.Count: 0 } none when sent.Count > 0 && none.Refused.Count == sent.Count =>
            new DeliveryOutcome.Rejected(none.Refused[0].Reason, none.Refused[0].Answer),
        DeliveryOutcome.Partial { Refused.Count: 0 } none when sent.Count > 0 && none.Retry.Count == sent.Count =>
            new DeliveryOutcome.Transient(ErrorCategory.ServerError, none.Answer, none.RetryAfter),
        _ => outcome,
    };

    /// <summary>Guards against setting aside the whole log: a destination that rejects every single event is put on hold.</summary>
    private DeliveryOutcome Guarded(DeliveryOutcome outcome, DeliveryBatch sent) =>
        outcome is not DeliveryOutcome.Rejected rejected || sent.Count != 1 || ++refusalsInARow <= maxRefusalsInARow
        ? outcome
        : new DeliveryOutcome.Misconfigured(
            ErrorCategory.Rejected,
            $"The destination rejected {refusalsInARow} events in a row, so it probably rejects every event. Check that URL, "
                + $"output type and schema are what it expects. Its response: {rejected.Reason}");

    private Settlement.Halve Halve()
    {
        var half = part.Count / 2;
        parts.Push((part.First + half, part.Count - half));
        parts.Push((part.First, half));
        TakePart();
        return new Settlement.Halve();
    }

    private Settlement.PartDone End(DeliveryBatch slice, IReadOnlyList<RefusedEvent> refused, string answer, int attempts, SlowDown? slowDown)
    {
        // The run ends after the last event that passed the filter; the last part includes the remaining positions.
        var last = parts.Count == 0 ? run!.LastPosition : slice.Events[^1].Position;
        tookAny |= refused.Count < slice.Count;
        var record = new Settlement.PartDone(
            slice, done, last, refused, answer, attempts, slowDown, tookAny ? true : parts.Count == 0 ? false : null);
        (failedRounds, refusalsInARow) = record.AcceptedCount > 0 ? (0, 0) : (failedRounds, refusalsInARow);
        done = last;
        TakePart();
        return record;
    }

    private void TakePart()
    {
        partial = null;
        if (!parts.TryPop(out part))
        {
            (run, Next) = (null, null);
            return;
        }

        Next = part.Count == run!.Batch.Count ? run.Batch : run.Batch.Slice(part.First, part.Count);
    }

    /// <summary>A part that the destination accepts piecemeal: what is accepted, rejected and open so far.</summary>
    private sealed class PartialAnswer(DeliveryBatch part)
    {
        private readonly List<RefusedEvent> refused = [];
        private readonly List<string> answers = [];
        private DeliveryBatch? refusedRest;
        private int single;
        private bool acceptedSingle;

        public DeliveryBatch Part => part;

        public IReadOnlyList<RefusedEvent> Refused => refused;

        public string Answer => string.Join("; then ", answers.Distinct());

        public int Attempts { get; private set; }

        public SlowDown? SlowDown { get; private set; }

        /// <summary>What to send next; null if nothing is open.</summary>
        public DeliveryBatch? Open { get; private set; }

        // A rest that is sent one by one keeps the attempts of the response that rejected it.
        public void CountAttempts(int attempts) => Attempts += refusedRest is null ? attempts : 0;

        /// <summary>Applies the outcome of what was open; returns whether the destination accepted any of it.</summary>
        public bool Take(DeliveryOutcome outcome, DeliveryBatch sent, int attempts)
        {
            CountAttempts(attempts);
            if (refusedRest is not null)
            {
                return TakeSingle(outcome, sent);
            }

            SlowDown = (outcome as DeliveryOutcome.Delivered)?.SlowDown;
            switch (outcome)
            {
                case DeliveryOutcome.Partial some:
                    refused.AddRange(some.Refused.Select(one => RefusedEvent.Of(sent, one.Index, one.Reason, one.Answer)));
                    answers.Add(some.Answer);
                    Open = some.Retry.Count == 0 ? null : sent.Select(some.Retry);
                    return some.Refused.Count + some.Retry.Count < sent.Count;
                case DeliveryOutcome.Rejected rejected when sent.Count == 1:
                    refused.Add(RefusedEvent.Of(sent, 0, rejected.Reason, rejected.Answer));
                    answers.Add(rejected.Answer);
                    Open = null;
                    return false;
                case DeliveryOutcome.Rejected:
                    refusedRest = sent;
                    Open = sent.Slice(0, 1);
                    return false;
                default:
                    answers.Add(((DeliveryOutcome.Delivered)outcome).Answer);
                    Open = null;
                    return true;
            }
        }

        /// <summary>Sends a rest that was rejected as a whole one by one.</summary>
        private bool TakeSingle(DeliveryOutcome outcome, DeliveryBatch sent)
        {
            if (outcome is DeliveryOutcome.Rejected rejected)
            {
                refused.Add(RefusedEvent.Of(sent, 0, rejected.Reason, rejected.Answer));
            }
            else
            {
                acceptedSingle = true;
            }

            single++;
            if (single < refusedRest!.Count)
            {
                Open = refusedRest.Slice(single, 1);
                return outcome is not DeliveryOutcome.Rejected;
            }

            answers.Add("sent one by one");
            Open = null;
            return acceptedSingle;
        }
    }
}
