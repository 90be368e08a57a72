using System.Text;
using System.Text.Json.Nodes;
using SiemForwarder.Events;
using SiemForwarder.Service.EventLog;

namespace SiemForwarder.Tests.Service.Keycloak;

/// <summary>An event log in memory that keeps its promises: exact deduplication by time and key, page and checkpoint together or not at all.</summary>
internal sealed class RecordingLog
{
    private readonly HashSet<(EventStream, long, EventKey)> stored = [];
    private readonly List<(EventStream Stream, string Json)> events = [];
    private readonly List<(EventStream Stream, IncomingEvent Event)> rows = [];

    public Dictionary<EventStream, string?> Checkpoints { get; } = [];

    public int Appends { get; private set; }

    /// <summary>The names that came with each append that held events.</summary>
    public List<UserNames?> Names { get; } = [];

    /// <summary>Refuses every append while true.</summary>
    public bool IsUnavailable { get; set; }

    /// <summary>Called after every committed append.</summary>
    public Action? Committed { get; set; }

    public Task<AppendOutcome> AppendAsync(LogAppend append, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (IsUnavailable)
        {
            return Task.FromResult<AppendOutcome>(new AppendOutcome.Unavailable("The database does not answer."));
        }

        Appends++;
        if (append.Events.Count > 0)
        {
            Names.Add(append.Names);
        }

        var first = events.Count;
        var fresh = new List<IncomingEvent>();
        foreach (var incoming in append.Events)
        {
            var isKnown = stored.Contains((append.Stream, incoming.OccurredAtMs, incoming.Key))
                || (incoming.FormerKey is { } former && stored.Contains((append.Stream, incoming.OccurredAtMs, former)));
            if (!isKnown)
            {
                stored.Add((append.Stream, incoming.OccurredAtMs, incoming.Key));
                events.Add((append.Stream, Encoding.UTF8.GetString(incoming.Body.Span)));
                fresh.Add(incoming);
                rows.Add((append.Stream, incoming with { Body = incoming.Body.ToArray() }));
            }
        }

        if (append.Checkpoint is not null)
        {
            Checkpoints[append.Stream] = append.Checkpoint;
        }

        var added = events.Count - first;
        Committed?.Invoke();
        return Task.FromResult<AppendOutcome>(new AppendOutcome.Committed(first + 1, added, append.Events.Count - added) { Stored = fresh });
    }

    /// <summary>The stored events of a span.</summary>
    public Task<IReadOnlyList<IncomingEvent>?> LookUpAsync(EventStream stream, long fromMs, long toMs, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<IncomingEvent>?>(IsUnavailable ? null :
            [.. rows.Where(row => row.Stream == stream && row.Event.OccurredAtMs >= fromMs && row.Event.OccurredAtMs < toMs).Select(row => row.Event)]);

    public int Count(EventStream stream) => stored.Count(entry => entry.Item1 == stream);

    public List<string> Bodies(EventStream stream) => [.. events.Where(entry => entry.Stream == stream).Select(entry => entry.Json)];

    /// <summary>The event without its id, as a server of the older tier shows it.</summary>
    public static string WithoutId(string json)
    {
        var node = JsonNode.Parse(json)!.AsObject();
        node.Remove("id");
        return node.ToJsonString();
    }
}
