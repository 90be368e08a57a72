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

    /// <summary>Asks until the answer is yes or the time is up, in which case the batch must be sent again.</summary>
    /// <remarks>A yes is reported only once: if it is lost on the way, this ends in a timeout, never as delivered.</remarks>
    public async Task<IntakeVerdict> WaitAsync(HttpEndpoint used, HttpAnswer accepted, long? ackId, CancellationToken cancellationToken)
    {
        if (ackId is not { } id)
        {
            return IntakeVerdict.Of(
                accepted, settings.IntegrationName, HttpVerdict.Misconfigured, ErrorCategory.Configuration,
                $"{accepted.Endpoint} accepted the batch, but returned no id to query its acknowledgement.",
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
            "It is sent again and may arrive twice; check the indexers' queues.");
    }

    // Next to the collector's own path, which the server URL may or may not contain.
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

/// <summary>How to treat the other events when a collector names its first bad event: those before it were accepted, those after it were not.</summary>
internal static class HecPartialBatch
{
    /// <summary>The rejected event is set aside and the rest sent again; if a setting is wrong, nothing is rejected and everything from
    /// that event on is kept for later.</summary>
    /// <param name="verdict">Of the response as a whole: rejected or misconfigured.</param>
    /// <param name="answer">The collector's response.</param>
    /// <param name="bad">Index of the bad event, from 0.</param>
    /// <param name="count">Number of events in the batch.</param>
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

    /// <summary>Adds a note on the events that were accepted.</summary>
    public static IntakeVerdict Note(IntakeVerdict verdict, string note) =>
        verdict.Outcome is DeliveryOutcome.Partial partial ? verdict with { Outcome = partial with { Answer = $"{partial.Answer}; {note}" } } : verdict;

    /// <summary>The accepted events were not confirmed, so they are sent again too.</summary>
    public static IntakeVerdict RetryTaken(IntakeVerdict verdict, int bad, int count)
    {
        if (verdict.Outcome is not DeliveryOutcome.Partial partial)
        {
            return verdict;
        }

        var refused = partial.Refused.Select(one => one.Index).ToHashSet();
        var note = $"before the rejected one, {CountText.Of(bad, "event")} not confirmed in time, sent again";
        return Note(verdict with { Outcome = partial with { Retry = [.. Enumerable.Range(0, count).Where(index => !refused.Contains(index))] } }, note);
    }

    /// <summary>A confirmed batch keeps the collector's request to slow down from when it was accepted.</summary>
    public static IntakeVerdict WithPaceOf(DeliveryOutcome.Delivered taken, IntakeVerdict confirmed) =>
        confirmed.Outcome is DeliveryOutcome.Delivered delivered ? confirmed with { Outcome = delivered with { SlowDown = taken.SlowDown } } : confirmed;
}
