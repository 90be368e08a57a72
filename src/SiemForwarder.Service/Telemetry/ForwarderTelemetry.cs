using System.Diagnostics.Metrics;
using SiemForwarder.Connections;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Telemetry;

/// <summary>The incidents of the service: one method each, which writes the log line and increments the counter of the same name.</summary>
internal sealed partial class ForwarderTelemetry(
    ILogger<ForwarderTelemetry> logger, DatabaseConnections? database = null, DatabaseOutage? outage = null)
{
    public const string MeterName = "SiemForwarder";

    // One for the lifetime of the process, because several hosts may run in it.
    private static readonly Meter Meter = new(MeterName);
    private static readonly Counter<long> EventsDelivered =
        Meter.CreateCounter<long>("siemforwarder.events.delivered", "{event}", "Events that a destination accepted.");
    private static readonly Counter<long> BatchesDelivered =
        Meter.CreateCounter<long>("siemforwarder.batches.delivered", "{batch}", "Batches that a destination accepted.");
    private static readonly Counter<long> BytesDelivered =
        Meter.CreateCounter<long>("siemforwarder.bytes.delivered", "By", "Formatted bytes that a destination accepted.");
    private static readonly Counter<long> EventsSetAside =
        Meter.CreateCounter<long>("siemforwarder.events.set_aside", "{event}", "Events that a destination permanently rejected.");
    private static readonly Counter<long> AttemptsFailed =
        Meter.CreateCounter<long>("siemforwarder.attempts.failed", "{attempt}", "Attempts to send that failed.");
    private static readonly Counter<long> RoundsFailed =
        Meter.CreateCounter<long>("siemforwarder.rounds.failed", "{round}", "Rounds (an attempt and its retries) that failed.");
    private static readonly Counter<long> EventsAppended =
        Meter.CreateCounter<long>("siemforwarder.events.appended", "{event}", "Events that were new in the log.");
    private static readonly Counter<long> EventsRejected =
        Meter.CreateCounter<long>("siemforwarder.events.rejected", "{event}", "Pushed events that were rejected.");
    private static readonly Counter<long> RequestsPushed =
        Meter.CreateCounter<long>("siemforwarder.requests.pushed", "{request}", "Requests with pushed events.");
    private static readonly Counter<long> EventsMissing =
        Meter.CreateCounter<long>("siemforwarder.events.missing", "{event}", "Events that were gone before an integration received them.");
    private static readonly Counter<long> DatabaseFaults =
        Meter.CreateCounter<long>("siemforwarder.database.faults", "{fault}", "Failed database operations.");

    private static readonly Counter<long> EventsSlow =
        Meter.CreateCounter<long>("siemforwarder.events.slow", "{event}", "Events that took too long to prepare.");

    private static readonly Counter<long> AddressesLocked =
        Meter.CreateCounter<long>("siemforwarder.addresses.locked", "{address}", "Addresses that were locked out for sending wrong keys.");

    public void BatchDelivered(string integration, int events, long bytes)
    {
        var tag = new KeyValuePair<string, object?>("integration", integration);
        BatchesDelivered.Add(1, tag);
        EventsDelivered.Add(events, tag);
        BytesDelivered.Add(bytes, tag);
        LogBatchDelivered(integration, events, bytes);
    }

    public void EventSetAside(string integration, string eventId, string reason)
    {
        EventsSetAside.Add(1, new KeyValuePair<string, object?>("integration", integration));
        LogEventSetAside(integration, eventId, reason);
    }

    public void EventSlow(string integration, string source, string eventId, TimeSpan took, TimeSpan bound)
    {
        EventsSlow.Add(1, new("integration", integration), new("source", source));
        LogEventSlow(integration, source, eventId, (long)took.TotalMilliseconds, (long)bound.TotalMilliseconds);
    }

    public void AttemptFailed(string integration, ErrorCategory category, string reason)
    {
        AttemptsFailed.Add(1, new("integration", integration), new("category", category.ToString()));
        LogAttemptFailed(integration, category, reason);
    }

    public void RoundFailed(string integration, ErrorCategory category, string reason, TimeSpan pause)
    {
        RoundsFailed.Add(1, new("integration", integration), new("category", category.ToString()));
        LogRoundFailed(integration, category, reason, pause);
    }

    public void SlowedDown(string integration, string reason, TimeSpan wait) => LogSlowedDown(integration, reason, wait);

    public void PageAppended(string source, int appended)
    {
        EventsAppended.Add(appended, new KeyValuePair<string, object?>("source", source));
        LogPageAppended(source, appended);
    }

    /// <summary>A push request was handled; <paramref name="fault"/> is written to the log.</summary>
    public void RequestPushed(string source, int accepted, int duplicates, int rejected, string? fault)
    {
        var tag = new KeyValuePair<string, object?>("source", source);
        RequestsPushed.Add(1, tag);
        EventsAppended.Add(accepted, tag);
        EventsRejected.Add(rejected, tag);
        LogRequestPushed(source, accepted, duplicates, rejected);
        if (fault is not null)
        {
            LogPushNotTaken(source, fault);
        }
    }

    public void GapFound(string integration, int sourceId, long missing)
    {
        EventsMissing.Add(missing, new KeyValuePair<string, object?>("integration", integration));
        LogGapFound(integration, sourceId, missing);
    }

    public void DatabaseUnavailable(Exception exception)
    {
        DatabaseFaults.Add(1);
        database?.Suspect(exception);
        if (outage?.Note(exception) != true)
        {
            LogDatabaseUnavailable(DatabaseFault.Describe(exception));
        }
    }

    public void CheckpointTaken(string integration, int sourceId) => LogCheckpointTaken(integration, sourceId);

    public void DispatcherFailed(string integration, Exception exception) => LogDispatcherFailed(exception, integration);

    public void IntegrationUnusable(string integration, string fault) => LogIntegrationUnusable(integration, fault);

    public void SourceUnusable(string source, string fault) => LogSourceUnusable(source, fault);

    public void Mended(string integration, string answer) => LogMended(integration, answer);

    public void PollerFailed(string source, Exception exception) => LogPollerFailed(exception, source);

    public void AddressLocked(string address)
    {
        AddressesLocked.Add(1);
        LogAddressLocked(address);
    }

    [LoggerMessage(1, LogLevel.Debug, "Integration {Integration}: {Events} events ({Bytes} bytes) delivered.")]
    private partial void LogBatchDelivered(string integration, int events, long bytes);

    [LoggerMessage(2, LogLevel.Warning, "Integration {Integration}: event {Event} set aside because the destination rejected it: {Reason}")]
    private partial void LogEventSetAside(string integration, string @event, string reason);

    [LoggerMessage(3, LogLevel.Information, "Integration {Integration}: attempt failed ({Category}): {Reason}")]
    private partial void LogAttemptFailed(string integration, ErrorCategory category, string reason);

    [LoggerMessage(4, LogLevel.Warning, "Integration {Integration}: round failed ({Category}): {Reason} Everything is kept; next round in {Pause}.")]
    private partial void LogRoundFailed(string integration, ErrorCategory category, string reason, TimeSpan pause);

    [LoggerMessage(5, LogLevel.Debug, "Source {Source}: {Appended} new events stored.")]
    private partial void LogPageAppended(string source, int appended);

    [LoggerMessage(6, LogLevel.Error, "Integration {Integration}: {Missing} events of source {SourceId} were dropped by retention before it received them.")]
    private partial void LogGapFound(string integration, int sourceId, long missing);

    [LoggerMessage(7, LogLevel.Warning, "The database is unavailable: {Reason} Nothing is lost; retrying.")]
    private partial void LogDatabaseUnavailable(string reason);

    [LoggerMessage(8, LogLevel.Warning,
        "Integration {Integration}: the checkpoint of source {SourceId} was moved by another engine; restarting from there.")]
    private partial void LogCheckpointTaken(string integration, int sourceId);

    [LoggerMessage(9, LogLevel.Error, "Integration {Integration}: its loop failed; restarting it.")]
    private partial void LogDispatcherFailed(Exception exception, string integration);

    [LoggerMessage(10, LogLevel.Error, "Integration {Integration} cannot run: {Fault}")]
    private partial void LogIntegrationUnusable(string integration, string fault);

    [LoggerMessage(11, LogLevel.Error, "Source {Source} cannot be polled: {Fault}")]
    private partial void LogSourceUnusable(string source, string fault);

    [LoggerMessage(12, LogLevel.Error, "Source {Source}: its poller failed; restarting it.")]
    private partial void LogPollerFailed(Exception exception, string source);

    [LoggerMessage(13, LogLevel.Warning, "Integration {Integration}: {Answer}.")]
    private partial void LogMended(string integration, string answer);

    [LoggerMessage(14, LogLevel.Information, "Integration {Integration}: {Reason} Next batch in {Wait}.")]
    private partial void LogSlowedDown(string integration, string reason, TimeSpan wait);

    [LoggerMessage(15, LogLevel.Warning,
        "Integration {Integration}: event {Event} of source {Source} took {Milliseconds} ms to prepare, more than {Bound} ms. "
        + "Check what it contains and who sends it.")]
    private partial void LogEventSlow(string integration, string source, string @event, long milliseconds, long bound);

    [LoggerMessage(20, LogLevel.Warning, "{Address} sent too many wrong keys and is locked out for a while.")]
    private partial void LogAddressLocked(string address);

    [LoggerMessage(30, LogLevel.Debug, "Source {Source}: pushed {Accepted} new events, {Duplicates} duplicates, {Rejected} rejected.")]
    private partial void LogRequestPushed(string source, int accepted, int duplicates, int rejected);

    [LoggerMessage(31, LogLevel.Warning,
        "Source {Source}: a push was not fully accepted: {Fault} (Further ones are counted and logged at most every 10 s.)")]
    private partial void LogPushNotTaken(string source, string fault);
}
