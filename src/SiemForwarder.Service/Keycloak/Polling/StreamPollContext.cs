using System.Text;
using SiemForwarder.Connections;
using SiemForwarder.Events;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Keycloak.Client;

namespace SiemForwarder.Service.Keycloak.Polling;

/// <summary>What both ways of tailing share: fetching a page, storing it in the log with the new checkpoint, and the associated
/// state.</summary>
/// <remarks>The checkpoint in memory moves only after the log has committed it, or if only duplicates were read.</remarks>
internal sealed class StreamPollContext(
    KeycloakSource source,
    EventStream stream,
    KeycloakClient client,
    Func<LogAppend, CancellationToken, Task<AppendOutcome>> append,
    TimeProvider time,
    ILogger logger,
    int pageRows,
    FormerIds? formerIds = null)
{
    private static readonly TimeSpan QuietPersistInterval = TimeSpan.FromSeconds(60);

    private readonly List<IncomingEvent> fresh = [];
    private readonly UserLookup users = new(source, client, time);
    private PollCheckpoint? stored;
    private readonly HashSet<long> crowded = [];
    private SweepWatch? sweeps;
    private long storedAt;
    private long newestMs = long.MinValue;
    private long wentBackFromMs = long.MinValue;

    public KeycloakSource Source => source;

    public EventStream Stream => stream;

    public KeycloakClient Client => client;

    public ServerClock Clock => client.Clock;

    public TimeProvider Time => time;

    public ILogger Logger => logger;

    public PollCheckpoint Checkpoint { get; private set; } = null!;

    public KnownEvents Known { get; } = new();

    /// <summary>From where sweeps read, and what they found late.</summary>
    public SweepWatch Sweeps => sweeps ??= new SweepWatch(this);

    /// <summary>Longest time between an event's stamp, by the slowest clock of the server, and its commit that is covered: longer while the nodes
    /// differ.</summary>
    public long HorizonMs => PollTiming.HorizonMs + Math.Min(Clock.SpreadMs, PollTiming.DeepLookMs);

    /// <summary>Where a poll for the newest events starts: a little before the watermark, or before what a faster node wrote, which sweeps reread.</summary>
    public long NewestFromMs
    {
        get
        {
            var readMs = Clock.SpreadMs > 0 ? Math.Min(newestMs, Clock.NowMs + Math.Min(Clock.SpreadMs, PollTiming.DeepLookMs)) : long.MinValue;
            return Math.Max(Math.Max(Checkpoint.WatermarkMs, readMs) - PollTiming.OverlapMs, Checkpoint.StartMs);
        }
    }

    /// <summary>Where a poll for the newest events ends; null for all. Events written before a clock was set back are left to sweeps, which read them from
    /// time to time.</summary>
    public long? NewestToMs => Clock.NowMs < wentBackFromMs ? Clock.NowMs + Clock.SpreadMs + PollTiming.ClockMarginMs : null;

    /// <summary>Events older than this are not remembered in <see cref="Known"/>.</summary>
    public long KeptFromMs => Clock.NowMs - (2 * HorizonMs);

    /// <summary>How long Keycloak keeps events of this stream; null if it does not say or keeps them forever.</summary>
    public long? ExpirationSeconds { get; set; }

    public AdaptivePageSize PageSize { get; } = new(pageRows);

    /// <summary>Rows received, events appended, and events that were stored already, since the last <see cref="BeginPoll"/>.</summary>
    public (int Read, int Appended, int Duplicates) Polled { get; private set; }

    /// <summary>Pages still allowed in this poll.</summary>
    public int PagesLeft { get; private set; }

    /// <summary>True once a page without its own ids was seen to carry them.</summary>
    public bool SawIds { get; private set; }

    public long EventsAppended { get; private set; }

    public void BeginPoll()
    {
        Polled = (0, 0, 0);
        PagesLeft = PollTiming.PagesPerPoll;
    }

    /// <summary>Sets a checkpoint without storing it: at the start, or after a change that is stored with the next page.</summary>
    public void Assume(PollCheckpoint checkpoint, bool isStored)
    {
        Checkpoint = checkpoint;
        stored = isStored ? checkpoint : stored;
    }

    /// <summary>Fetches and parses one page; the caller disposes it.</summary>
    public async Task<(EventPage? Page, PollFailure? Failure)> FetchAsync(EventQuery query, int maxBytes, CancellationToken cancellationToken)
    {
        PagesLeft--;
        var answer = await client.GetEventsAsync(query, maxBytes, cancellationToken);
        if (answer is KeycloakAnswer.Failed failed)
        {
            return (null, failed.Failure);
        }

        if (EventPage.Find(((KeycloakAnswer.Content)answer).Body) is not { } page)
        {
            return (null, KeycloakAnswers.Unreadable(source));
        }

        Polled = Polled with { Read = Polled.Read + page.Count };
        SawIds = page.Count > 0 && page.Events[0].Key is not null;
        OwnLogin.Observe(client, page);
        return (page, null);
    }

    /// <summary>Stores the events together with the new checkpoint; null on success, otherwise the failure.</summary>
    /// <param name="events">Events in log order; bodies must stay valid until this returns.</param>
    /// <param name="next">The checkpoint after these events.</param>
    /// <param name="cancellationToken">Cancels the attempt.</param>
    public async Task<PollFailure?> StoreAsync(IReadOnlyList<IncomingEvent> events, PollCheckpoint next, CancellationToken cancellationToken)
    {
        var appended = 0;
        fresh.Clear();
        foreach (var incoming in events)
        {
            if (!Known.Contains(incoming.OccurredAtMs, incoming.Key))
            {
                fresh.Add(incoming);
            }
        }

        if (next is { Tier: ApiTier.WithoutIds, IdentifiedThroughMs: { } throughMs } && formerIds is not null
            && !await formerIds.TryRecognizeAsync(fresh, throughMs, cancellationToken))
        {
            return new PollFailure(
                ErrorCategory.Database,
                $"The stored events of source '{source.Name}' cannot be read: the database does not respond. Polling resumes once it does.");
        }

        if (fresh.Count > 0 || MustPersist(next))
        {
            var names = stream == EventStream.Admin && fresh.Count > 0 ? await users.FindAsync(fresh, cancellationToken) : null;
            var outcome = await append(new LogAppend(source.Id, stream, fresh, next.ToJson(), Names: names), cancellationToken);
            if (outcome is AppendOutcome.Unavailable unavailable)
            {
                return new PollFailure(ErrorCategory.Database,
                    $"Events of source '{source.Name}' cannot be stored: {unavailable.Reason} Polling resumes from there once the database responds.");
            }

            var committed = (AppendOutcome.Committed)outcome;
            appended = committed.Appended;
            EventsAppended += committed.Appended;
            Sweeps.Note(committed.Stored);
            stored = next;
            storedAt = time.GetTimestamp();
        }

        Polled = (Polled.Read, Polled.Appended + appended, Polled.Duplicates + events.Count - appended);
        var keptFromMs = KeptFromMs;
        foreach (var incoming in events)
        {
            if (incoming.OccurredAtMs >= keptFromMs)
            {
                Known.Add(incoming.OccurredAtMs, incoming.Key);
            }
        }

        Checkpoint = next;
        return null;
    }

    /// <summary>Stores an event of the forwarder itself in the log: what a SIEM has to know about its source.</summary>
    public async Task<PollFailure?> RaiseAsync(PollNotice notice, CancellationToken cancellationToken)
    {
        logger.LogWarning("Source {Source}, {Stream} events: {Message}", source.Name, stream, notice.Message);
        var outcome = await append(new LogAppend(source.Id, EventStream.Forwarder, [notice.ToEvent(source, stream)], null), cancellationToken);
        return outcome is AppendOutcome.Unavailable unavailable
            ? new PollFailure(ErrorCategory.Database, $"Events of source '{source.Name}' cannot be stored: {unavailable.Reason}")
            : null;
    }

    /// <summary>Announces once that one millisecond has more events than can be requested at once, so it is unknown whether all were read.</summary>
    public async Task<PollFailure?> TellCrowdedAsync(long timeMs, CancellationToken cancellationToken)
    {
        if (crowded.Contains(timeMs))
        {
            return null;
        }

        var notice = new PollNotice(
            PollNotice.PossiblyLost,
            timeMs,
            $"Keycloak holds more events of realm '{source.Realm}' with the stamp {EventQuery.Text(timeMs)} than can be requested at once, and their order may "
                + "change between responses: some of them may be missing here. Check them in Keycloak's database.",
            timeMs,
            timeMs,
            0);
        var failure = await RaiseAsync(notice, cancellationToken);
        if (failure is null)
        {
            crowded.Add(timeMs);
        }

        return failure;
    }

    /// <summary>The checkpoint with the watermark moved to what was read, limited by the server's clock.</summary>
    public PollCheckpoint Advanced(long maxTimeMs) =>
        Checkpoint with { WatermarkMs = Math.Max(Checkpoint.WatermarkMs, Math.Min(maxTimeMs, Clock.NowMs)) };

    /// <summary>Switches to another tier of the server.</summary>
    public void UseTier(ApiTier tier)
    {
        formerIds?.Forget();
        Known.Forget();
        Sweeps.Abandon();

        // From now on nothing is stored under ids; the extra day is for clocks that are ahead.
        var identifiedMs = tier == ApiTier.WithoutIds ? Clock.NowMs + 86_400_000 : Checkpoint.IdentifiedThroughMs;
        Assume(Checkpoint with { Tier = tier, Sweep = null, Backfill = null, IdentifiedThroughMs = identifiedMs }, isStored: false);
    }

    /// <summary>Everything visible was read once up to this time.</summary>
    public void NoteRead(long timeMs) => newestMs = Math.Max(newestMs, timeMs);

    /// <summary>Sets a checkpoint that counts less as read; it is stored with the next page.</summary>
    public void GoBack(PollCheckpoint checkpoint)
    {
        wentBackFromMs = Math.Max(wentBackFromMs, Checkpoint.LatestMs);
        newestMs = long.MinValue;
        Sweeps.Abandon();
        Assume(checkpoint, isStored: false);
    }

    private bool MustPersist(PollCheckpoint next)
    {
        // An idle stream only moves its anchor; a restart may reread a minute, which saves the database a write per poll.
        if (stored is null || stored with { Sweep = next.Sweep, SweepAnchorMs = next.SweepAnchorMs } != next)
        {
            return true;
        }

        return stored != next && time.GetElapsedTime(storedAt) >= QuietPersistInterval;
    }
}

/// <summary>How many rows to request: halved after a response that was too large, then grown back slowly.</summary>
internal sealed class AdaptivePageSize
{
    private const int GoodPagesToGrow = 10;

    private readonly int usual;
    private int goodPages;

    public AdaptivePageSize(int usual) => Rows = this.usual = usual;

    public int Rows { get; private set; }

    public void Halve()
    {
        Rows = Math.Max(1, Rows / 2);
        goodPages = 0;
    }

    public void NoteGoodPage()
    {
        if (Rows < usual && ++goodPages >= GoodPagesToGrow)
        {
            Rows = Math.Min(usual, Rows * 2);
            goodPages = 0;
        }
    }
}

/// <summary>Finds the event that our own token created in the realm: it carries the server's clock in milliseconds.</summary>
internal static class OwnLogin
{
    public static void Observe(KeycloakClient client, EventPage page)
    {
        if (client.Token.UnseenTokenId is not { } tokenId)
        {
            return;
        }

        var needle = Encoding.UTF8.GetBytes(tokenId);
        foreach (var pageEvent in page.Events)
        {
            var json = page.Json(pageEvent).Span;
            if (json.IndexOf(needle) >= 0 && json.IndexOf("\"CLIENT_LOGIN\""u8) >= 0)
            {
                client.Token.ObserveLogin(pageEvent.TimeMs);
                return;
            }
        }
    }
}
