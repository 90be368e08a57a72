using SiemForwarder.Connections;
using SiemForwarder.Connections.Network;

namespace SiemForwarder.Destinations.Http.Webhook;

/// <summary>The test of an HTTP destination, stage by stage on a connection of its own.</summary>
internal static class WebhookTest
{
    private const int KeptBytes = 4096;

    public static async Task<TestReport> RunAsync(
        Connector connector, DestinationSettings settings, HttpIntakeProfile profile, WebhookSignature? signature, TimeProvider timeProvider,
        DeliveryBatch batch, CancellationToken cancellationToken)
    {
        var log = new StageLog(timeProvider);
        var opened = await connector.OpenAsync(log, cancellationToken);
        if (!opened.TryGet(out var connection, out _))
        {
            return log.ToReport(default, default);
        }

        await using var recording = new RecordingStream(connection.Stream);
        using var body = new RequestBody(settings.Http);
        using var endpoint = new HttpEndpoint(settings, _ => ValueTask.FromResult<Stream>(recording), timeProvider, profile);
        var posted = await endpoint.SendAsync(body.Request(batch, settings, signature, timeProvider), cancellationToken);
        var fault = posted.TryGet(out var answer, out var broken) ? answer.ToFault() : broken;
        Note(log, settings, answer, fault);

        var head = endpoint.Mask.Mask(recording.SentHead);
        byte[] sent = head.Length == 0 ? [] : [.. head, .. body.Plain.Span];
        var received = endpoint.Mask.Mask(recording.Received);
        return log.ToReport(sent, received.AsMemory(0, Math.Min(received.Length, KeptBytes)));
    }

    private static void Note(StageLog log, DestinationSettings settings, HttpAnswer? answer, Fault? fault)
    {
        if (fault is { Category: ErrorCategory.Authentication or ErrorCategory.Authorization or ErrorCategory.Tls })
        {
            log.Failed(TestStageName.Authentication, fault);
            return;
        }

        if (settings.Authentication.Type == AuthenticationType.None && settings.Tls.ClientCertificate is null)
        {
            log.Skipped(TestStageName.Authentication, "no credentials are set");
        }
        else if (answer is not null && HttpStatusTable.Find(answer.Status).Verdict == HttpVerdict.Delivered)
        {
            log.Passed(TestStageName.Authentication, "the receiver took the credentials");
        }
        else
        {
            log.Skipped(TestStageName.Authentication, "the receiver did not say whether it takes the credentials");
        }

        if (fault is not null)
        {
            log.Failed(TestStageName.Acceptance, fault);
        }
        else if (answer is not null)
        {
            log.Passed(TestStageName.Acceptance, $"{answer.Endpoint} answered {answer.InShort}");
        }
    }
}
