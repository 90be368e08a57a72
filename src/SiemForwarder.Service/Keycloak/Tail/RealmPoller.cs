using SiemForwarder.Connections;
using SiemForwarder.Events;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Keycloak.Checks;
using SiemForwarder.Service.Keycloak.Client;
using SiemForwarder.Service.Keycloak.Polling;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Keycloak.Tail;

/// <summary>Polls the streams of one realm in turn, one request at a time, and stores every page in the log with the new checkpoint.</summary>
internal sealed class RealmPoller : IDisposable
{
    private readonly KeycloakSource source;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly KeycloakClient client;
    private readonly Dictionary<EventStream, StreamPoller> pollers;
    private readonly Dictionary<EventStream, StreamPollStatus> statuses;
    private readonly AuditingWatch auditing;
    private readonly ForwarderTelemetry? telemetry;
    private readonly Func<LoopWatch>? watch;
    private volatile RealmPollStatus status;

    /// <param name="source">Realm to poll.</param>
    /// <param name="checkpoints">Stored checkpoint by stream; missing or null for a new source.</param>
    /// <param name="append">Stores a page and its checkpoint in one transaction.</param>
    /// <param name="time">Clock.</param>
    /// <param name="logger">For changes of state.</param>
    /// <param name="pageRows">Rows per page; null for the default of each stream.</param>
    /// <param name="lookUp">Reads the stored events of a stream in a time range with exclusive end; null if the database cannot be reached.</param>
    /// <param name="telemetry">Counts polls; null where nobody does.</param>
    /// <param name="watch">Begins to watch that a poll ends; null where nobody does.</param>
    /// <exception cref="System.Text.Json.JsonException">A stored checkpoint cannot be read.</exception>
    public RealmPoller(
        KeycloakSource source,
        IReadOnlyDictionary<EventStream, string?> checkpoints,
        Func<LogAppend, CancellationToken, Task<AppendOutcome>> append,
        TimeProvider time,
        ILogger logger,
        int? pageRows = null,
        Func<EventStream, long, long, CancellationToken, Task<IReadOnlyList<IncomingEvent>?>>? lookUp = null,
        ForwarderTelemetry? telemetry = null,
        Func<LoopWatch>? watch = null)
    {
        (this.telemetry, this.watch) = (telemetry, watch);
        this.source = source;
        this.time = time;
        this.logger = logger;
        client = new KeycloakClient(source, time);
        auditing = new AuditingWatch(source, client);
        pollers = source.Streams.Distinct().ToDictionary(
            stream => stream,
            stream => new StreamPoller(
                new StreamPollContext(
                    source, stream, client, append, time, logger, Math.Min(pageRows ?? PollTiming.PageRows(stream), PollTiming.MaxPageRows),
                    lookUp is null ? null : new FormerIds((fromMs, toMs, cancellation) => lookUp(stream, fromMs, toMs, cancellation))),
                checkpoints.GetValueOrDefault(stream)));
        statuses = pollers.Keys.ToDictionary(stream => stream, stream => new StreamPollStatus { Stream = stream });
        status = new RealmPollStatus(source.Id, [.. statuses.Values], null);
    }

    /// <summary>The poll status; may be read from any thread.</summary>
    public RealmPollStatus Status => status;

    /// <summary>Polls both streams until cancelled. Throws only on cancellation.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var schedules = pollers.Keys.ToDictionary(stream => stream, _ => new PollSchedule(source.PollInterval, Random.Shared.NextDouble));
        var due = pollers.Keys.ToDictionary(stream => stream, _ => client.Clock.LocalMs);
        while (due.Count > 0)
        {
            var stream = due.MinBy(entry => entry.Value).Key;
            var waitMs = due[stream] - client.Clock.LocalMs;
            if (waitMs > 0)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(waitMs), time, cancellationToken);
            }

            cancellationToken.ThrowIfCancellationRequested();
            var outcome = await PollSafelyAsync(stream, cancellationToken);
            due[stream] = client.Clock.LocalMs + (long)schedules[stream].Next(outcome).TotalMilliseconds;
        }
    }

    /// <summary>Polls all streams until each has been read to the present once and has nothing left to retry. Throws only on cancellation.</summary>
    public async Task RunThroughAsync(CancellationToken cancellationToken)
    {
        foreach (var (stream, poller) in pollers)
        {
            var schedule = new PollSchedule(source.PollInterval, Random.Shared.NextDouble);
            PollOutcome outcome;
            do
            {
                outcome = await PollSafelyAsync(stream, cancellationToken);
                var gaps = poller.Checkpoint?.Gaps.Count > 0;
                var pause = outcome is PollOutcome.Polled { MoreWaiting: false } && gaps ? PollTiming.GapRetryInterval : schedule.Next(outcome);
                if (outcome is not PollOutcome.Polled { MoreWaiting: false } || gaps)
                {
                    await Task.Delay(pause, time, cancellationToken);
                    outcome = gaps ? new PollOutcome.Polled(0, 0, true) : outcome;
                }
            }
            while (outcome is not PollOutcome.Polled { MoreWaiting: false });
        }
    }

    /// <summary>The current checkpoint of a stream; null before its first poll.</summary>
    internal PollCheckpoint? CheckpointOf(EventStream stream) => pollers[stream].Checkpoint;

    /// <summary>Polls one stream once, within the budget of one turn.</summary>
    public async Task<PollOutcome> PollOnceAsync(EventStream stream, CancellationToken cancellationToken)
    {
        using var span = ForwarderTracing.StartRoot("poll");
        span?.SetTag(MetricCatalog.Source, source.Name).SetTag(MetricCatalog.Stream, stream.ToString());
        var began = time.GetTimestamp();
        var outcome = await pollers[stream].PollAsync(cancellationToken);
        var fault = (outcome as PollOutcome.Failed)?.Category;
        if (fault is { } category)
        {
            span.Fail(category.ToString());
        }

        var (read, appended, duplicates) = pollers[stream].Tail.Polled;
        span?.SetTag("events.pulled", read).SetTag("events.appended", appended);
        telemetry?.StreamPolled(source.Name, stream.ToString().ToLowerInvariant(), read, duplicates, fault, time.GetElapsedTime(began));
        Note(stream, outcome);
        return outcome;
    }

    public void Dispose() => client.Dispose();

    /// <summary>Checks, if due, whether Keycloak still stores the polled events, and for how long.</summary>
    internal async Task LookAtAuditingAsync(CancellationToken cancellationToken)
    {
        await auditing.LookAsync(cancellationToken);
        foreach (var (stream, poller) in pollers)
        {
            poller.Tail.ExpirationSeconds = stream == EventStream.Admin ? auditing.State?.AdminExpirationSeconds : auditing.State?.UserExpirationSeconds;
        }

        status = status with { Auditing = auditing.State };
    }

    private async Task<PollOutcome> PollSafelyAsync(EventStream stream, CancellationToken cancellationToken)
    {
        // Between polls nothing is expected: the realm may ask for a long pause.
        using var step = watch?.Invoke();
        try
        {
            var outcome = await PollOnceAsync(stream, cancellationToken);
            if (outcome is PollOutcome.Polled)
            {
                await LookAtAuditingAsync(cancellationToken);
            }

            return outcome;
        }
        catch (Exception fault) when (fault is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            // A bug that affects one source must neither stop polling it for good nor affect the others.
            logger.LogError(fault, "Source {Source}: polling {Stream} events failed unexpectedly", source.Name, stream);
            var failed = new PollOutcome.Failed(
                ErrorCategory.Internal,
                $"Polling source '{source.Name}' failed unexpectedly: {fault.GetType().Name}: {fault.Message} It is retried; report this if it persists.");
            Note(stream, failed);
            return failed;
        }
    }

    private void Note(EventStream stream, PollOutcome outcome)
    {
        var poller = pollers[stream];
        var now = time.GetUtcNow();
        var before = statuses[stream];
        var checkpoint = poller.Checkpoint;
        statuses[stream] = before with
        {
            State = outcome switch
            {
                PollOutcome.Failed => PollState.Failing,
                PollOutcome.Polled { MoreWaiting: true } => PollState.CatchingUp,
                _ when client.Clock.SpreadMs > 0 => PollState.CatchingUp,
                _ => PollState.UpToDate,
            },
            LastPollAt = now,
            FailingSince = outcome is PollOutcome.Failed ? before.FailingSince ?? now : null,
            CompleteAt = outcome is PollOutcome.Polled { MoreWaiting: false } ? now : before.CompleteAt,
            LastError = outcome is PollOutcome.Failed failed ? new PollError(failed.Category, failed.Message, now) : before.LastError,
            Watermark = checkpoint is null ? null : DateTimeOffset.FromUnixTimeMilliseconds(checkpoint.WatermarkMs),
            Lag = Lag(outcome, checkpoint),
            Tier = checkpoint?.Tier,
            Gaps = checkpoint?.Gaps ?? [],
            EventsRead = poller.Tail.EventsAppended,
        };
        status = new RealmPollStatus(source.Id, [.. statuses.Values], client.Clock.Offset, auditing.State, NoteClocks(now));
        LogChange(before, statuses[stream]);
    }

    private NodeClocks? NoteClocks(DateTimeOffset now)
    {
        var before = status.NodeClocks;
        if (client.Clock.SpreadMs == 0)
        {
            if (before is not null)
            {
                logger.LogInformation("Source {Source}: the clocks of Keycloak's nodes agree again", source.Name);
            }

            return null;
        }

        var spread = TimeSpan.FromSeconds(Math.Ceiling(client.Clock.SpreadMs / 1000.0));
        if (before is null)
        {
            logger.LogWarning("Source {Source}: a clock of Keycloak's nodes is {Spread} ahead of another; the slower one is followed", source.Name, spread);
        }

        return new NodeClocks(spread, before?.Since ?? now);
    }

    private TimeSpan? Lag(PollOutcome outcome, PollCheckpoint? checkpoint) => outcome switch
    {
        PollOutcome.Polled { MoreWaiting: false } => TimeSpan.Zero,
        _ when checkpoint is null || !client.Clock.IsMeasured => null,
        _ => TimeSpan.FromMilliseconds(Math.Max(0, client.Clock.NowMs - checkpoint.WatermarkMs)),
    };

    private void LogChange(StreamPollStatus before, StreamPollStatus now)
    {
        if (now.State == PollState.Failing && (before.State != PollState.Failing || before.LastError?.Message != now.LastError!.Message))
        {
            logger.LogWarning("Source {Source}, {Stream} events: {Message}", source.Name, now.Stream, now.LastError!.Message);
        }
        else if (now.State != PollState.Failing && before.State == PollState.Failing)
        {
            logger.LogInformation("Source {Source}, {Stream} events: polling works again", source.Name, now.Stream);
        }
    }
}
