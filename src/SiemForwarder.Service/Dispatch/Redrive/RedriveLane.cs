using System.Buffers;
using SiemForwarder.Events;
using SiemForwarder.Events.Formats;
using SiemForwarder.Service.Dispatch.Delivery;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.Integrations;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Dispatch.Redrive;

/// <summary>A set-aside event that is requested to be sent again.</summary>
/// <param name="RenderAgain">Whether to format it with the current mapping; otherwise the stored bytes are sent unchanged.</param>
internal sealed record RequestedEvent(long Id, int SourceId, long Position, byte[] Bytes, bool RenderAgain);

/// <summary>Sends requested set-aside events again, one by one; opens a connection only while there are any.</summary>
/// <param name="integration">The integration.</param>
/// <param name="table">Its set-aside events.</param>
/// <param name="status">Records failed rounds in the status of the integration.</param>
/// <param name="open">Opens a delivery for a journal.</param>
/// <param name="configuration">Wakes the lane on a request.</param>
/// <param name="time">Clock.</param>
/// <param name="telemetry">Log and counters.</param>
internal sealed class RedriveLane(
    RunnableIntegration integration, IRedriveTable table, IDeliveryJournal status, Func<RedriveJournal, CancellationToken, BatchDelivery> open,
    ConfigurationSignal configuration, TimeProvider time, ForwarderTelemetry telemetry)
{
    private const int AtOnce = 100;
    private static readonly TimeSpan IdleInterval = TimeSpan.FromSeconds(5);

    private readonly DatabaseRetry databaseRetry = new(time, telemetry);

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var changed = configuration.Changed;
            if (await RedriveAsync(cancellationToken))
            {
                continue;
            }

            await Task.WhenAny(changed, Task.Delay(IdleInterval, time, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Sends the events that are currently requested; true if all of as many as are read at once were settled, so that there may be more.</summary>
    private async Task<bool> RedriveAsync(CancellationToken cancellationToken)
    {
        var requested = await databaseRetry.TryUntilDoneAsync(token => table.ListRequestedAsync(integration.Id, AtOnce, token), cancellationToken);
        if (requested.Count == 0)
        {
            return false;
        }

        var journal = new RedriveJournal(table, status, requested[0]);
        await using var delivery = open(journal, cancellationToken);
        var areSettled = true;
        foreach (var one in requested)
        {
            journal.Current = one;

            // Nothing new: this engine does not know the log yet; a later pass tries the event again.
            var run = await delivery.DeliverNextAsync(one.SourceId, one.Position - 1, one.Position, cancellationToken);
            areSettled &= run.End == RunEnd.Done;
        }

        return areSettled && requested.Count == AtOnce;
    }
}

/// <summary>Records the outcome of redriven events; failed rounds are shown in the status of the integration.</summary>
internal sealed class RedriveJournal(IRedriveTable table, IDeliveryJournal status, RequestedEvent first) : IDeliveryJournal
{
    /// <summary>The event being sent.</summary>
    public RequestedEvent Current { get; set; } = first;

    public bool SetsAside => false;

    public async Task<bool> RecordAsync(DeliveryRecord record, CancellationToken cancellationToken)
    {
        if (record.SetAside is [var refused, ..])
        {
            await table.SettleAsync(Current.Id, "open", $"Refused again: {refused.Reason}", cancellationToken);
        }
        else if (record.EventCount > 0)
        {
            await table.SettleAsync(Current.Id, "delivered", $"Accepted on redrive: {record.Answer}", cancellationToken);
        }

        return true;
    }

    public async Task<bool> RecordGapAsync(int sourceId, PositionRange gap, long incarnation, CancellationToken cancellationToken)
    {
        await table.SettleAsync(Current.Id, "open", "The event is no longer in the log, so it cannot be sent again.", cancellationToken);
        return false;
    }

    public Task RecordErrorAsync(DeliveryError error, CancellationToken cancellationToken) => status.RecordErrorAsync(error, cancellationToken);

    public Task RecordAttemptAsync(DeliveryError error, CancellationToken cancellationToken) => status.RecordAttemptAsync(error, cancellationToken);
}

/// <summary>Formats an event with the current mapping if requested; otherwise writes the bytes that were rejected.</summary>
internal sealed class RedriveFormatter(RedriveJournal journal, IEventFormatter today) : IEventFormatter
{
    public void Write(SecurityEvent securityEvent, IBufferWriter<byte> output)
    {
        if (journal.Current.RenderAgain)
        {
            today.Write(securityEvent, output);
        }
        else
        {
            output.Write(journal.Current.Bytes);
        }
    }
}
