using System.Globalization;
using System.Text;
using System.Text.Json;
using SiemForwarder.Connections;

namespace SiemForwarder.Destinations.Http.Splunk;

/// <summary>Waits until Splunk's indexers have stored a batch (Splunk: About HTTP Event Collector Indexer Acknowledgment).</summary>
internal sealed class HecAcknowledgement(DestinationSettings settings, SplunkHecSettings own, TimeProvider time)
{
    private const string AckPath = "/services/collector/ack";

    private static readonly TimeSpan MaxPause = TimeSpan.FromSeconds(10);

    /// <summary>Asks until the answer is yes, or the time is over; then the batch has to be sent again.</summary>
    /// <remarks>A yes is told once and then forgotten: one that is lost on the way ends as time over, never as delivered.</remarks>
    public async Task<IntakeVerdict> WaitAsync(HttpEndpoint used, HttpAnswer accepted, long? ackId, CancellationToken cancellationToken)
    {
        if (ackId is not { } id)
        {
            return IntakeVerdict.Of(
                accepted, settings.IntegrationName, HttpVerdict.Misconfigured, ErrorCategory.Configuration,
                $"{accepted.Endpoint} accepted the batch, but gave no number to ask for its acknowledgement.",
                "Enable indexer acknowledgement for the token, or set settings.acknowledge to false.");
        }

        var started = time.GetTimestamp();
        var pause = own.AcknowledgementPause;
        while (time.GetElapsedTime(started) < own.AcknowledgementLimit)
        {
            await Task.Delay(pause, time, cancellationToken);
            pause = pause * 2 < MaxPause ? pause * 2 : MaxPause;
            var asked = await used.SendAsync(
                new HttpExchange(
                    $"{AckRoot}{AckPath}?channel={own.Channel}",
                    Encoding.UTF8.GetBytes($"{{\"acks\":[{id.ToString(CultureInfo.InvariantCulture)}]}}")) { Headers = own.Headers },
                cancellationToken);
            if (!asked.TryGet(out var answer, out var fault))
            {
                if (fault.NeedsChange)
                {
                    return IntakeVerdict.Of(fault, settings.IntegrationName);
                }
            }
            else if (IsStored(answer, id))
            {
                return IntakeVerdict.Delivered($"{accepted.InShort}; indexed");
            }
            else if (IntakeVerdict.Of(answer, settings.IntegrationName) is { Outcome: DeliveryOutcome.Misconfigured } refused)
            {
                return refused;
            }
        }

        return IntakeVerdict.Of(
            accepted, settings.IntegrationName, HttpVerdict.Transient, ErrorCategory.Timeout,
            $"{accepted.Endpoint} did not confirm within {own.AcknowledgementLimit.TotalSeconds:0} s that the batch is indexed.",
            "It is sent again and may arrive twice; look at the indexers' queues.");
    }

    // Beside the collector's own path, which the server URL may or may not hold.
    private string AckRoot
    {
        get
        {
            var path = settings.ServerUrl.AbsolutePath;
            var collector = path.IndexOf("/services/collector", StringComparison.OrdinalIgnoreCase);
            return (collector < 0 ? path : path[..collector]).TrimEnd('/');
        }
    }

    private static bool IsStored(HttpAnswer answer, long id)
    {
        try
        {
            using var document = JsonDocument.Parse(answer.Body);
            return document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("acks", out var acks) && acks.ValueKind == JsonValueKind.Object
                && acks.TryGetProperty(id.ToString(CultureInfo.InvariantCulture), out var stored) && stored.ValueKind == JsonValueKind.True;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}

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
