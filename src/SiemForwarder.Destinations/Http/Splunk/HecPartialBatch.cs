namespace SiemForwarder.Destinations.Http.Splunk;

/// <summary>What a collector that names its first bad event did with the others: those before it are taken, those behind it are not.</summary>
internal static class HecPartialBatch
{
    /// <summary>The refused event is set aside and the rest sent again; where a setting is wrong, nothing is refused and everything from
    /// there on waits for it.</summary>
    /// <param name="verdict">Of the answer as a whole: rejected or misconfigured.</param>
    /// <param name="answer">The collector's.</param>
    /// <param name="bad">Place of the bad event, from 0.</param>
    /// <param name="count">Events of the batch.</param>
    public static IntakeVerdict Of(IntakeVerdict verdict, HttpAnswer answer, int bad, int count) => verdict.Outcome switch
    {
        DeliveryOutcome.Rejected rejected when count > 1 => verdict with
        {
            Outcome = new DeliveryOutcome.Partial([new RejectedEvent(bad, rejected.Reason, rejected.Answer)], [.. Enumerable.Range(bad + 1, count - bad - 1)],
                rejected.Answer, answer.RetryAfter),
        },
        DeliveryOutcome.Misconfigured wrong when bad > 0 => verdict with
        {
            Outcome = new DeliveryOutcome.Partial([], [.. Enumerable.Range(bad, count - bad)], wrong.Reason, answer.RetryAfter),
        },
        _ => verdict,
    };

    /// <summary>Says what is known of the events that were taken.</summary>
    public static IntakeVerdict Note(IntakeVerdict verdict, string note) =>
        verdict.Outcome is DeliveryOutcome.Partial partial ? verdict with { Outcome = partial with { Answer = $"{partial.Answer}; {note}" } } : verdict;

    /// <summary>Nobody confirmed what was taken, so it is sent again too.</summary>
    public static IntakeVerdict RetryTaken(IntakeVerdict verdict, int bad, int count)
    {
        if (verdict.Outcome is not DeliveryOutcome.Partial partial)
        {
            return verdict;
        }

        var refused = partial.Refused.Select(one => one.Index).ToHashSet();
        var note = $"the {bad} events before the refused one were not confirmed in time and are sent again";
        return Note(verdict with { Outcome = partial with { Retry = [.. Enumerable.Range(0, count).Where(index => !refused.Contains(index))] } }, note);
    }

    /// <summary>A confirmed batch keeps what the collector said of its pace when it took it.</summary>
    public static IntakeVerdict WithPaceOf(DeliveryOutcome.Delivered taken, IntakeVerdict confirmed) =>
        confirmed.Outcome is DeliveryOutcome.Delivered delivered ? confirmed with { Outcome = delivered with { SlowDown = taken.SlowDown } } : confirmed;
}
