using System.Collections.Concurrent;
using SiemForwarder.Connections;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Telemetry;

/// <summary>The incidents of the service: one method each, which writes the log line and increments the counter of the same name.</summary>
internal sealed partial class ForwarderTelemetry(
    ILogger<ForwarderTelemetry> logger, DatabaseConnections? database = null, DatabaseOutage? outage = null, ForwarderMetrics? given = null,
    TimeProvider? clock = null)
{
    // What cannot work is tried again every few seconds, and said again only so often.
    private static readonly TimeSpan RepeatInterval = TimeSpan.FromMinutes(1);

    private readonly TimeProvider time = clock ?? TimeProvider.System;
    private readonly ConcurrentDictionary<string, (string Fault, long SaidAt)> unusable = new(StringComparer.Ordinal);

    /// <summary>The instruments.</summary>
    public ForwarderMetrics Metrics { get; } = given ?? new ForwarderMetrics(clock);

    /// <summary>A part of a run is recorded.</summary>
    /// <param name="lane">The lane, and the source of the events.</param>
    /// <param name="events">How many events were accepted.</param>
    /// <param name="bytes">Their formatted size.</param>
    /// <param name="filtered">How many the filter excluded.</param>
    public void BatchRecorded(LaneLabels lane, string source, int events, long bytes, long filtered)
    {
        var labels = lane.WithSource(source);
        if (filtered > 0)
        {
            Metrics.Add(MetricCatalog.EventsFiltered, filtered, labels);
        }

        if (events > 0)
        {
            Metrics.Add(MetricCatalog.BatchesDelivered, 1, labels);
            Metrics.Add(MetricCatalog.EventsDelivered, events, labels);
            Metrics.Add(MetricCatalog.BytesDelivered, bytes, labels);
            LogBatchDelivered(lane.Integration, events, bytes);
        }
    }

    public void EventSetAside(LaneLabels lane, string source, string eventId, string reason)
    {
        Metrics.Add(MetricCatalog.EventsSetAside, 1, lane.WithSource(source));
        LogEventSetAside(lane.Integration, eventId, reason);
    }

    public void EventSlow(string integration, string source, string eventId, TimeSpan took, TimeSpan bound)
    {
        Metrics.Add(MetricCatalog.EventsSlow, 1, new(integration, source));
        LogEventSlow(integration, source, eventId, (long)took.TotalMilliseconds, (long)bound.TotalMilliseconds);
    }

    /// <summary>A batch was sent once.</summary>
    /// <param name="lane">The lane.</param>
    /// <param name="outcome">What came of it.</param>
    /// <param name="category">The sort of fault; null if there was none.</param>
    /// <param name="took">How long it took.</param>
    /// <param name="repeated">How many events of it had been sent before.</param>
    public void BatchSent(LaneLabels lane, string outcome, string? category, TimeSpan took, int repeated)
    {
        Metrics.Record(MetricCatalog.SendDuration, took, new(lane.Integration, lane.Destination, outcome, category ?? ""));
        if (repeated > 0)
        {
            Metrics.Add(MetricCatalog.EventsRetried, repeated, new(lane.Integration, lane.Destination));
        }
    }

    public void AttemptFailed(LaneLabels lane, ErrorCategory category, string reason)
    {
        Metrics.Add(MetricCatalog.AttemptsFailed, 1, new(lane.Integration, lane.Destination, category.ToString()));
        LogAttemptFailed(lane.Integration, category, reason);
    }

    /// <summary>A round failed; the caller logs it.</summary>
    public void RoundFailed(LaneLabels lane, ErrorCategory category) =>
        Metrics.Add(MetricCatalog.RoundsFailed, 1, new(lane.Integration, lane.Destination, category.ToString()));

    /// <summary>A destination began to fail, or fails for another reason.</summary>
    public void DestinationFailing(string integration, ErrorCategory category, string reason, TimeSpan pause) =>
        LogRoundFailed(integration, category, reason, pause);

    /// <summary>A destination still fails.</summary>
    public void DestinationStillFailing(string integration, ErrorCategory category, string reason, TimeSpan since, int rounds) =>
        LogStillFailing(integration, since, rounds, category, reason);

    /// <summary>A destination accepts events again.</summary>
    public void DestinationWorks(string integration, TimeSpan since, int rounds) => LogWorksAgain(integration, since, rounds);

    /// <summary>A stream was polled once.</summary>
    /// <param name="source">Name of the source.</param>
    /// <param name="stream">The stream.</param>
    /// <param name="read">Events received.</param>
    /// <param name="duplicates">Those of them that were stored already.</param>
    /// <param name="fault">The sort of fault; null if the poll succeeded.</param>
    /// <param name="took">How long it took.</param>
    public void StreamPolled(string source, string stream, int read, int duplicates, ErrorCategory? fault, TimeSpan took)
    {
        Metrics.Add(MetricCatalog.EventsPulled, read, new(source, stream));
        Metrics.Add(MetricCatalog.EventsDeduplicated, duplicates, new(source));
        Metrics.Record(MetricCatalog.PollDuration, took, new(source, stream, fault is null ? "polled" : "failed"));
        if (fault is { } category)
        {
            Metrics.Add(MetricCatalog.PollsFailed, 1, new(source, stream, category.ToString()));
        }
    }

    /// <summary>An append ended.</summary>
    /// <param name="source">Name of the source.</param>
    /// <param name="appended">How many events were new; null if nothing was stored because it could not be.</param>
    /// <param name="took">How long it took.</param>
    public void PageAppended(string source, int? appended, TimeSpan took)
    {
        Metrics.Record(MetricCatalog.AppendDuration, took, new(source, appended is null ? "failed" : "committed"));
        if (appended > 0)
        {
            Metrics.Add(MetricCatalog.EventsAppended, appended.Value, new(source));
            LogPageAppended(source, appended.Value);
        }
    }

    /// <summary>The append of pushed events ended; they are counted with the request.</summary>
    public void PushCommitted(string source, bool isStored, TimeSpan took) =>
        Metrics.Record(MetricCatalog.AppendDuration, took, new(source, isStored ? "committed" : "failed"));

    /// <summary>A push request was handled; <paramref name="fault"/> is written to the log.</summary>
    public void RequestPushed(string source, int accepted, int duplicates, int rejected, string? fault)
    {
        var labels = new SeriesLabels(source);
        Metrics.Add(MetricCatalog.RequestsPushed, 1, labels);
        Metrics.Add(MetricCatalog.EventsAppended, accepted, labels);
        Metrics.Add(MetricCatalog.EventsDeduplicated, duplicates, labels);
        Metrics.Add(MetricCatalog.EventsRejected, rejected, labels);
        LogRequestPushed(source, accepted, duplicates, rejected);
        if (fault is not null)
        {
            LogPushNotTaken(source, fault);
        }
    }

    /// <summary>Counts the connections of an integration or a source.</summary>
    public Action<ErrorCategory?> CountConnections(string integration = "", string source = "") => fault =>
        Metrics.Add(MetricCatalog.ConnectionsOpened, 1, new(integration, source, fault?.ToString() ?? "opened"));

    public void GapFound(string integration, int sourceId, long missing)
    {
        Metrics.Add(MetricCatalog.EventsMissing, missing, new(integration));
        LogGapFound(integration, sourceId, missing);
    }

    public void DatabaseUnavailable(Exception exception)
    {
        Metrics.Add(MetricCatalog.DatabaseFaults, 1);
        database?.Suspect(exception);
        if (outage?.Note(exception) != true)
        {
            LogDatabaseUnavailable(DatabaseFault.Describe(exception));
        }
    }

    public void CheckpointTaken(string integration, int sourceId) => LogCheckpointTaken(integration, sourceId);

    public void SlowedDown(string integration, string reason, TimeSpan wait) => LogSlowedDown(integration, reason, wait);

    public void IntegrationUnusable(string integration, string fault)
    {
        if (IsNews($"integration:{integration}", fault))
        {
            LogIntegrationUnusable(integration, fault);
        }
    }

    public void SourceUnusable(string source, string fault)
    {
        if (IsNews($"source:{source}", fault))
        {
            LogSourceUnusable(source, fault);
        }
    }

    public void Mended(string integration, string answer) => LogMended(integration, answer);

    public void PollerFailed(string source, Exception exception) => LogPollerFailed(exception, source);

    public void AddressLocked(string address)
    {
        Metrics.Add(MetricCatalog.AddressesLocked, 1);
        LogAddressLocked(address);
    }

    private bool IsNews(string subject, string fault)
    {
        var now = time.GetTimestamp();
        if (unusable.TryGetValue(subject, out var said) && said.Fault == fault && time.GetElapsedTime(said.SaidAt, now) < RepeatInterval)
        {
            return false;
        }

        unusable[subject] = (fault, now);
        return true;
    }

    [LoggerMessage(1, LogLevel.Debug, "Integration {Integration}: {Events} events ({Bytes} bytes) delivered.")]
    private partial void LogBatchDelivered(string integration, int events, long bytes);

    [LoggerMessage(2, LogLevel.Warning, "Integration {Integration}: event {Event} set aside because the destination rejected it: {Reason}")]
    private partial void LogEventSetAside(string integration, string @event, string reason);

    [LoggerMessage(3, LogLevel.Debug, "Integration {Integration}: attempt failed ({Category}): {Reason}")]
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

    [LoggerMessage(16, LogLevel.Warning,
        "Integration {Integration} has been failing for {Since} ({Rounds} rounds), last ({Category}): {Reason} Everything is kept.")]
    private partial void LogStillFailing(string integration, TimeSpan since, int rounds, ErrorCategory category, string reason);

    [LoggerMessage(17, LogLevel.Information, "Integration {Integration} delivers again; it failed for {Since} ({Rounds} rounds).")]
    private partial void LogWorksAgain(string integration, TimeSpan since, int rounds);

    [LoggerMessage(20, LogLevel.Warning, "{Address} sent too many wrong keys and is locked out for a while.")]
    private partial void LogAddressLocked(string address);

    [LoggerMessage(30, LogLevel.Debug, "Source {Source}: pushed {Accepted} new events, {Duplicates} duplicates, {Rejected} rejected.")]
    private partial void LogRequestPushed(string source, int accepted, int duplicates, int rejected);

    [LoggerMessage(31, LogLevel.Warning,
        "Source {Source}: a push was not fully accepted: {Fault} (Further ones are counted and logged at most every 10 s.)")]
    private partial void LogPushNotTaken(string source, string fault);
}

/// <summary>What the series of one lane of an integration are labelled with.</summary>
/// <param name="Integration">Its name.</param>
/// <param name="Destination">Kind of its destination.</param>
/// <param name="Lane"><c>live</c>, <c>replay</c> or <c>redrive</c>.</param>
internal sealed record LaneLabels(string Integration, string Destination, string Lane)
{
    public SeriesLabels WithSource(string source) => new(Integration, Destination, source, Lane);
}
