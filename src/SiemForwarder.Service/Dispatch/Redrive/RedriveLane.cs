using SiemForwarder.Destinations;
using SiemForwarder.Events;
using SiemForwarder.Service.Dispatch.Delivery;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Integrations;

namespace SiemForwarder.Service.Dispatch.Redrive;

/// <summary>An event that was set aside and shall be sent again.</summary>
/// <param name="RenderAgain">Whether today's mapping writes it anew; else the stored bytes are sent as they are.</param>
internal sealed record RequestedEvent(long Id, int SourceId, long Position, byte[] Bytes, bool RenderAgain);

/// <summary>Sends events again that were set aside, one by one, where somebody asked for it.</summary>
internal sealed class RedriveLane(
    RunnableIntegration integration, RedriveTable table, EventLogReader log, SourceDirectory sources, BatchBuffer buffer, DeliveryRound round)
{
    private const int AtOnce = 100;

    /// <summary>Sends what is requested now; the outcome that stopped it, or null where all of it came to an end.</summary>
    public async Task<DeliveryOutcome?> RunAsync(CancellationToken cancellationToken)
    {
        foreach (var requested in await table.ListRequestedAsync(integration.Id, AtOnce, cancellationToken))
        {
            var batch = await ToBatchAsync(requested, cancellationToken);
            if (batch is null)
            {
                await table.SettleAsync(requested.Id, "open", "The event is not in the log any more, so it cannot be sent again.", cancellationToken);
                continue;
            }

            var result = await round.RunAsync(batch, cancellationToken);
            switch (result.Outcome)
            {
                case DeliveryOutcome.Delivered delivered:
                    await table.SettleAsync(requested.Id, "delivered", $"Accepted after all: {delivered.Answer}", cancellationToken);
                    break;
                case DeliveryOutcome.Rejected rejected:
                    await table.SettleAsync(requested.Id, "open", $"Refused again: {rejected.Reason}", cancellationToken);
                    break;
                case DeliveryOutcome.Partial { Refused: [var refused, ..] }:
                    await table.SettleAsync(requested.Id, "open", $"Refused again: {refused.Reason}", cancellationToken);
                    break;
                case DeliveryOutcome.Partial { Retry.Count: 0 } partial:
                    await table.SettleAsync(requested.Id, "delivered", $"Accepted after all: {partial.Answer}", cancellationToken);
                    break;
                case DeliveryOutcome.Partial partial:
                    return new DeliveryOutcome.Transient(ErrorCategory.ServerError, partial.Answer, partial.RetryAfter);
                default:
                    return result.Outcome;
            }
        }

        return null;
    }

    private async Task<DeliveryBatch?> ToBatchAsync(RequestedEvent requested, CancellationToken cancellationToken)
    {
        if (await log.FindAsync(requested.SourceId, requested.Position, cancellationToken) is not { } segment)
        {
            return null;
        }

        var source = await sources.GetAsync(requested.SourceId, cancellationToken);
        SecurityEvent one = sources.Normalize(segment, source)[requested.Position - segment.FirstPosition];
        if (!requested.RenderAgain)
        {
            // A destination may send more of the event than its bytes.
            return new DeliveryBatch(requested.Bytes, new[] { requested.Bytes.Length }, new[] { integration.Privacy?.Apply(one) ?? one });
        }

        buffer.Clear();
        buffer.TryAdd(one);
        return buffer.ToBatch();
    }
}
