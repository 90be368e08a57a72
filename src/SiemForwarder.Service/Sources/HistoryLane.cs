using SiemForwarder.Events;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Keycloak.Client;
using SiemForwarder.Service.Keycloak.Polling;
using SiemForwarder.Service.Keycloak.Tail;

namespace SiemForwarder.Service.Sources;

/// <summary>Reads what a realm holds from before its source was created, beside the live reading and with a connection of its own.</summary>
/// <remarks>It reads on to the present once, and what the live lane has stored meanwhile is recognized: so nothing lies between the two.</remarks>
internal static class HistoryLane
{
    /// <summary>The source as the live lane reads it: from now on; beside history a horizon earlier, since what commits late may come when that is read
    /// through.</summary>
    public static KeycloakSource Live(KeycloakSource source) => source.Start == PollStart.Now ? source : source with { Start = PollStart.Now, SavedAt = null };

    /// <summary>Whether history is to be read (on): asked for, not read through yet, and not what the live checkpoint began with.</summary>
    /// <param name="source">The source with the start that was asked for.</param>
    /// <param name="live">Checkpoints of the live lane; a source of an earlier version read its history there.</param>
    /// <param name="history">Checkpoints of the history lane.</param>
    /// <returns>The streams whose history is not read through.</returns>
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

    /// <summary>Reads history through; ends when it is in the log and nothing is left to ask for again.</summary>
    /// <param name="source">The source with the start that was asked for, and the streams whose history is not read through.</param>
    /// <param name="history">Checkpoints of the history lane.</param>
    /// <param name="append">Stores a page and its checkpoint.</param>
    /// <param name="begun">Told of the poller, to show how it goes.</param>
    /// <param name="time">Clock.</param>
    /// <param name="logger">For changes of state.</param>
    /// <param name="lookUp">Reads what is stored.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public static async Task RunAsync(
        KeycloakSource source, IReadOnlyDictionary<EventStream, string?> history, Func<LogAppend, CancellationToken, Task<AppendOutcome>> append,
        Action<RealmPoller> begun, TimeProvider time, ILogger logger,
        Func<EventStream, long, long, CancellationToken, Task<IReadOnlyList<IncomingEvent>?>> lookUp, CancellationToken cancellationToken)
    {
        // A checkpoint that is complete began later than what is asked for now: that history is read anew.
        var unfinished = history.Where(pair => Parse(history, pair.Key) is { IsComplete: false }).ToDictionary();
        using var poller = new RealmPoller(
            source, unfinished, (page, token) => append(page with { Lane = PollLane.History }, token), time, logger, lookUp: lookUp);
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

        logger.LogInformation("Source {Source}: its history is read through.", source.Name);
    }

    private static PollCheckpoint? Parse(IReadOnlyDictionary<EventStream, string?> checkpoints, EventStream stream) =>
        checkpoints.GetValueOrDefault(stream) is { } json ? PollCheckpoint.Parse(json) : null;
}
