using System.Buffers;
using SiemForwarder.Events;
using SiemForwarder.Events.Formats;
using SiemForwarder.Service.Dispatch.Delivery;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.Integrations;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Dispatch.Redrive;

/// <summary>An event that was set aside and shall be sent again.</summary>
/// <param name="RenderAgain">Whether today's mapping writes it anew; else the stored bytes are sent as they are.</param>
internal sealed record RequestedEvent(long Id, int SourceId, long Position, byte[] Bytes, bool RenderAgain);

/// <summary>Sends events again that were set aside, one by one, where somebody asked for it; with a connection only while there are any.</summary>
/// <param name="integration">The integration.</param>
/// <param name="table">Its set-aside events.</param>
/// <param name="status">Shows failed rounds in the status of the integration.</param>
/// <param name="open">Opens the delivery that a journal is of.</param>
/// <param name="configuration">Wakes the lane when somebody asks.</param>
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
            await RedriveAsync(cancellationToken);
            await Task.WhenAny(changed, Task.Delay(IdleInterval, time, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Sends what is requested now.</summary>
    private async Task RedriveAsync(CancellationToken cancellationToken)
    {
        var requested = await databaseRetry.TryUntilDoneAsync(token => table.ListRequestedAsync(integration.Id, AtOnce, token), cancellationToken);
        if (requested.Count == 0)
        {
            return;
        }

        var journal = new RedriveJournal(table, status, requested[0]);
        await using var delivery = open(journal, cancellationToken);
        foreach (var one in requested)
        {
            journal.Current = one;

            // Nothing new: this engine does not know the log yet; the next turn asks for the event again.
            await delivery.DeliverNextAsync(one.SourceId, one.Position - 1, one.Position, cancellationToken);
        }
    }
}

/// <summary>Writes down what became of events that were sent again; failed rounds are shown in the status of the integration.</summary>
internal sealed class RedriveJournal(IRedriveTable table, IDeliveryJournal status, RequestedEvent first) : IDeliveryJournal
{
    /// <summary>The event that is sent now.</summary>
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
            await table.SettleAsync(Current.Id, "delivered", $"Accepted after all: {record.Answer}", cancellationToken);
        }

        return true;
    }

    public async Task<bool> RecordGapAsync(int sourceId, PositionRange gap, long incarnation, CancellationToken cancellationToken)
    {
        await table.SettleAsync(Current.Id, "open", "The event is not in the log any more, so it cannot be sent again.", cancellationToken);
        return false;
    }

    public Task RecordErrorAsync(DeliveryError error, CancellationToken cancellationToken) => status.RecordErrorAsync(error, cancellationToken);

    public Task RecordAttemptAsync(DeliveryError error, CancellationToken cancellationToken) => status.RecordAttemptAsync(error, cancellationToken);
}

/// <summary>Writes an event by today's mapping where that was asked for; else the bytes that were refused then.</summary>
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
