using SiemForwarder.Events;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Keycloak.Client;
using SiemForwarder.Service.Keycloak.Polling;
using SiemForwarder.Service.Keycloak.Tail;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Sources;

/// <summary>Reads a realm's events from before its source was created, in parallel to live polling and with its own connection.</summary>
/// <remarks>It reads up to the present once and recognizes what the live lane has stored meanwhile, so there is no gap between the two.</remarks>
internal static class HistoryLane
{
    /// <summary>The source as the live lane reads it: from now on; with history, one horizon earlier, because events that commit late may appear after
    /// history has been read.</summary>
    public static KeycloakSource Live(KeycloakSource source) => source.Start == PollStart.Now ? source : source with { Start = PollStart.Now, SavedAt = null };

    /// <summary>Determines whether history still has to be read: it is requested, not complete, and not what the live checkpoint started with.</summary>
    /// <param name="source">The source with the requested start.</param>
    /// <param name="live">Checkpoints of the live lane; a source of an earlier version read its history there.</param>
    /// <param name="history">Checkpoints of the history lane.</param>
    /// <returns>The streams whose history is not complete.</returns>
    public static IReadOnlyList<EventStream> Unread(
        KeycloakSource source, IReadOnlyDictionary<EventStream, string?> live, IReadOnlyDictionary<EventStream, string?> history)
    {
        if (source.Start is { Everything: false, Since: null })
        {
            return [];
        }

        var startMs = source.Start.Since?.ToUnixTimeMilliseconds() ?? 0;
        return [.. source.Streams.Distinct().Where(stream =>
            Parse(history, stream) is { } read
                ? !read.IsComplete || read.StartMs > startMs
                : !(Parse(live, stream)?.StartMs <= startMs))];
    }

    /// <summary>Reads the history; ends when it is in the log and nothing is left to retry.</summary>
    /// <param name="source">The source with the requested start, and the streams whose history is not complete.</param>
    /// <param name="history">Checkpoints of the history lane.</param>
    /// <param name="append">Stores a page and its checkpoint.</param>
    /// <param name="begun">Receives the poller, to show its progress.</param>
    /// <param name="time">Clock.</param>
    /// <param name="logger">For changes of state.</param>
    /// <param name="lookUp">Reads stored events.</param>
    /// <param name="telemetry">Counts polls.</param>
    /// <param name="watch">Begins to watch that a poll ends.</param>
    /// <param name="cancellationToken">Cancels reading.</param>
    public static async Task RunAsync(
        KeycloakSource source, IReadOnlyDictionary<EventStream, string?> history, Func<LogAppend, CancellationToken, Task<AppendOutcome>> append,
        Action<RealmPoller> begun, TimeProvider time, ILogger logger,
        Func<EventStream, long, long, CancellationToken, Task<IReadOnlyList<IncomingEvent>?>> lookUp, ForwarderTelemetry telemetry,
        Func<LoopWatch> watch, CancellationToken cancellationToken)
    {
        // A complete checkpoint started later than what is requested now, so that history is read again.
        var unfinished = history.Where(pair => Parse(history, pair.Key) is { IsComplete: false }).ToDictionary();
        using var poller = new RealmPoller(
            source, unfinished, (page, token) => append(page with { Lane = PollLane.History }, token), time, logger, lookUp: lookUp, telemetry: telemetry,
            watch: watch);
        begun(poller);
        await poller.RunThroughAsync(cancellationToken);
        foreach (var stream in source.Streams.Distinct())
        {
            var complete = poller.CheckpointOf(stream)! with { IsComplete = true };
            while (await append(new LogAppend(source.Id, stream, [], complete.ToJson(), Lane: PollLane.History),
                cancellationToken) is not AppendOutcome.Committed)
            {
                await Task.Delay(source.PollInterval, time, cancellationToken);
            }
        }

        logger.LogInformation("Source {Source}: its history has been read completely.", source.Name);
    }

    private static PollCheckpoint? Parse(IReadOnlyDictionary<EventStream, string?> checkpoints, EventStream stream) =>
        checkpoints.GetValueOrDefault(stream) is { } json ? PollCheckpoint.Parse(json) : null;
}
