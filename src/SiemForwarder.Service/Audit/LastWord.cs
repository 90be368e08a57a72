using Microsoft.Extensions.Options;
using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Events;
using SiemForwarder.Service.Dispatch.Delivery;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.Integrations;
using SiemForwarder.Service.Operations;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Audit;

/// <summary>Notifies a destination that it will receive fewer events or none, while it can still be reached.</summary>
/// <remarks>Sent after the change, with the old settings, since a refused change needs no notice. Its outcome never undoes the change.</remarks>
internal sealed class LastWord(IntegrationStore store, IOptions<EngineOptions> engine, TimeProvider time)
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(5);

    /// <summary>Sends the event once; returns the outcome in words.</summary>
    public async Task<string> SayAsync(Integration before, AuditEntry entry, CancellationToken cancellationToken)
    {
        if (store.FindRunnable(before, out var fault) is not { } old)
        {
            return $"not sent: {fault}";
        }

        if (!engine.Value.Has(EngineOptions.Dispatch) || !engine.Value.EffectivePools.Contains(old.EnginePool))
        {
            return $"not sent: the engine that handled the request is not in the pool '{old.EnginePool}'.";
        }

        using var bound = new TimeBound(Bound, time, cancellationToken);
        try
        {
            await using var destination = old.Kind.Open(old.Destination, time);
            using var buffer = BatchBuffer.For(old, destination.Limits);
            buffer.TryFormat(old.Show(Event(entry)));
            return await destination.SendAsync(buffer.ToBatch(), bound.Token) switch
            {
                DeliveryOutcome.Delivered delivered => $"delivered: {delivered.Answer}",
                DeliveryOutcome.Transient transient => $"failed: {transient.Reason}",
                DeliveryOutcome.Misconfigured misconfigured => $"failed: {misconfigured.Reason}",
                DeliveryOutcome.Rejected rejected => $"failed: {rejected.Reason}",
                var other => $"failed: {other.GetType().Name}",
            };
        }
        catch (OperationCanceledException)
        {
            return "failed: no response within 5 s.";
        }
        catch (Exception exception)
        {
            return $"failed: {OneLine.Of(exception.Message)}";
        }
    }

    private SecurityEvent Event(AuditEntry entry)
    {
        var at = StoredTime.Now(time);
        var incoming = AuditEvent.Of(entry, at, $"last word|{entry.Target}|{at.UtcTicks}", null);
        return EventNormalizer.Normalize(
            EventStream.Forwarder, incoming.Body, incoming.Key, new EventSource(OperationsService.SourceId, "forwarder", string.Empty, string.Empty), 0,
            incoming.OccurredAtMs, at);
    }
}
