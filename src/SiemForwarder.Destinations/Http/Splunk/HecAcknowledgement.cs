using System.Globalization;
using System.Text;
using System.Text.Json;
using SiemForwarder.Connections;

namespace SiemForwarder.Destinations.Http.Splunk;

/// <summary>Waits until Splunk's indexers have stored a batch (Splunk: About HTTP Event Collector Indexer Acknowledgment).</summary>
internal sealed class HecAcknowledgement(DestinationSettings settings, SplunkHecSettings own, TimeProvider timeProvider)
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

        var started = timeProvider.GetTimestamp();
        var pause = own.AcknowledgementPause;
        while (timeProvider.GetElapsedTime(started) < own.AcknowledgementLimit)
        {
            await Task.Delay(pause, timeProvider, cancellationToken);
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
