using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.Resilience;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Dispatch.Delivery;

/// <summary>Reports the deliveries of a lane to journal, log and counters, and waits between rounds.</summary>
/// <param name="lane">The lane.</param>
/// <param name="shared">Services shared by all deliveries of the process.</param>
/// <param name="meter">Measures them.</param>
/// <param name="databaseRetry">Retries mandatory writes to the database.</param>
internal sealed class DeliveryNotes(DeliveryLane lane, DeliveryParts shared, DeliveryMeter meter, DatabaseRetry databaseRetry)
{
    private readonly FailureLog failures = new(lane.Integration.Name, shared.Telemetry, shared.Time);
    private readonly string name = lane.Integration.Name;
    private readonly IDeliveryJournal journal = lane.Journal;
    private readonly DispatchOptions options = shared.Options;
    private readonly TimeProvider time = shared.Time;
    private readonly ForwarderTelemetry telemetry = shared.Telemetry;
    private readonly Backoff pauses = DeliveryRound.Pauses(shared.Options);

    /// <summary>The record of a part of a run was written.</summary>
    public void Recorded(AssembledBatch run, DeliveryBatch part, DeliveryRecord record)
    {
        meter.Recorded(run, part, record);
        if (record.EventCount > 0)
        {
            failures.Works();
        }

        foreach (var refused in journal.SetsAside ? record.SetAside : [])
        {
            telemetry.EventSetAside(meter.Labels, run.SourceName, refused.Event.Id, refused.Reason);
        }
    }

    /// <summary>Events of a run were slow to prepare.</summary>
    public Task SlowAsync(int sourceId, IReadOnlyList<(string EventId, TimeSpan Took)> events, CancellationToken cancellationToken) =>
        events.Count == 0 || shared.Slow is null
            ? Task.CompletedTask
            : databaseRetry.TryUntilDoneAsync(token => shared.Slow.TellAsync(lane.Integration, sourceId, events, token), cancellationToken);

    /// <summary>Positions were gone before they could be sent.</summary>
    public async Task LostAsync(AssembledBatch run, CancellationToken cancellationToken)
    {
        foreach (var gap in run.Gaps)
        {
            if (await databaseRetry.TryUntilDoneAsync(token => journal.RecordGapAsync(run.SourceId, gap, run.Incarnation, token), cancellationToken))
            {
                telemetry.GapFound(name, run.SourceId, gap.Last - gap.First + 1);
            }
        }
    }

    /// <summary>An attempt failed and will be retried.</summary>
    public async Task AttemptFailedAsync(DeliveryOutcome.Transient transient, CancellationToken cancellationToken)
    {
        telemetry.AttemptFailed(meter.Labels, transient.Category, transient.Reason);
        await NoteAsync(new DeliveryError(transient.Category, transient.Reason, time.GetUtcNow()), cancellationToken);
    }

    /// <summary>The destination recovered, or failed to, while there was nothing to send.</summary>
    public async Task RecoveredAsync(DeliveryOutcome? outcome, CancellationToken cancellationToken)
    {
        switch (outcome)
        {
            case DeliveryOutcome.Delivered delivered:
                telemetry.Mended(name, delivered.Answer);
                break;
            case DeliveryOutcome.Transient transient:
                await AttemptFailedAsync(transient, cancellationToken);
                break;
            case DeliveryOutcome.Misconfigured misconfigured:
                await AttemptFailedAsync(new DeliveryOutcome.Transient(misconfigured.Category, misconfigured.Reason), cancellationToken);
                break;
            default:
                break;
        }
    }

    /// <summary>Shows a failed round and waits until the next one is due.</summary>
    public Task PauseAsync(Settlement.RetryLater pause, CancellationToken cancellationToken) => WaitAsync(
        pause.Category, pause.Reason, pauses.Of(pause.FailedRounds, pause.RetryAfter, Random.Shared.NextDouble()), cancellationToken);

    /// <summary>Shows that a setting has to be changed, and waits until the next probe.</summary>
    public Task HoldAsync(Settlement.Hold hold, CancellationToken cancellationToken) =>
        WaitAsync(hold.Category, hold.Reason, options.ProbePause, cancellationToken);

    /// <summary>The destination accepted everything but asked to slow down: shows that, and waits.</summary>
    public async Task SlowDownAsync(SlowDown slowDown, CancellationToken cancellationToken)
    {
        var wait = slowDown.Wait is { } asked && asked > options.SlowDownPause ? asked : options.SlowDownPause;
        telemetry.SlowedDown(name, slowDown.Reason, wait);
        await NoteAsync(new DeliveryError(ErrorCategory.RateLimited, slowDown.Reason, time.GetUtcNow() + wait), cancellationToken);
        await Task.Delay(wait, time, cancellationToken);
    }

    private async Task WaitAsync(ErrorCategory category, string reason, TimeSpan pause, CancellationToken cancellationToken)
    {
        telemetry.RoundFailed(meter.Labels, category);
        failures.Failed(category, reason, pause);
        var error = new DeliveryError(category, reason, time.GetUtcNow() + pause);
        var known = lane.Retries is null ? null : await lane.Retries.FindLastAsync(lane.Integration.Id, cancellationToken);
        await databaseRetry.TryUntilDoneAsync(token => journal.RecordErrorAsync(error, token), cancellationToken);
        await (lane.Retries?.WaitAsync(lane.Integration.Id, known, pause, cancellationToken) ?? Task.Delay(pause, time, cancellationToken));
    }

    private async Task NoteAsync(DeliveryError error, CancellationToken cancellationToken)
    {
        try
        {
            await journal.RecordAttemptAsync(error, cancellationToken);
        }
        catch (Exception exception) when (DatabaseFault.IsDatabase(exception))
        {
            // This note is optional; the end of the round is recorded in any case.
            telemetry.DatabaseUnavailable(exception);
        }
    }
}
