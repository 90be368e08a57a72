using SiemForwarder.Events;
using SiemForwarder.Simulator;

namespace SiemForwarder.Reliability.Oracle;

/// <summary>Puts events into the simulated realm and remembers each: what it does not know was not issued.</summary>
internal sealed class IssuingOracle(KeycloakSimulator keycloak, TimeProvider time, int seed)
{
    private readonly Lock guard = new();
    private readonly EventMint mint = new(seed);
    private readonly Dictionary<string, IssuedEvent> issued = [];
    private readonly HashSet<string> removed = [];

    /// <summary>How many were issued.</summary>
    public int Count
    {
        get
        {
            lock (guard)
            {
                return issued.Count;
            }
        }
    }

    /// <summary>How many of them must be stored: those that were not removed at the source before they could be pulled.</summary>
    public int Expected
    {
        get
        {
            lock (guard)
            {
                return issued.Count - removed.Count;
            }
        }
    }

    /// <summary>Everything issued, by id.</summary>
    public IReadOnlyDictionary<string, IssuedEvent> Issued
    {
        get
        {
            lock (guard)
            {
                return new Dictionary<string, IssuedEvent>(issued);
            }
        }
    }

    /// <summary>Issues one event.</summary>
    /// <param name="timeMs">Its stamp; null for the server's present time.</param>
    /// <param name="visibleAtMs">When its transaction commits at the server; null for at once.</param>
    /// <param name="stream">Stream; null for a mix.</param>
    public IssuedEvent Issue(long? timeMs = null, long? visibleAtMs = null, EventStream? stream = null)
    {
        lock (guard)
        {
            var one = mint.Next(timeMs ?? keycloak.NowMs(), time.GetUtcNow(), stream);
            issued.Add(one.Id, one);
            var events = one.Stream == EventStream.Admin ? keycloak.Realm.AdminEvents : keycloak.Realm.UserEvents;
            events.Add(one.TimeMs, one.Json, visibleAtMs);
            return one;
        }
    }

    /// <summary>Makes an event that counts as issued, for somebody else to put into the realm.</summary>
    public IssuedEvent Promise(long timeMs)
    {
        lock (guard)
        {
            var one = mint.Next(timeMs, time.GetUtcNow(), EventStream.User);
            issued.Add(one.Id, one);
            return one;
        }
    }

    /// <summary>Issues many, stamped now.</summary>
    public void Issue(int count)
    {
        for (var i = 0; i < count; i++)
        {
            Issue();
        }
    }

    /// <summary>Issues many, stamped evenly over the hour before the last minute, as a backlog.</summary>
    public void IssueBacklog(int count)
    {
        var from = keycloak.NowMs() - 3_600_000;
        for (var i = 0; i < count; i++)
        {
            Issue(from + (long)(3_540_000 * (double)i / count));
        }
    }

    /// <summary>Issues until it is told to stop, at a steady rate; it ends without an exception.</summary>
    public async Task FlowAsync(int perSecond, CancellationToken stop)
    {
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        try
        {
            while (await tick.WaitForNextTickAsync(stop))
            {
                Issue(Math.Max(1, perSecond / 20));
            }
        }
        catch (OperationCanceledException)
        {
            return;
        }
    }

    /// <summary>
    /// Notes that the source itself deleted these before anybody pulled them: they need not be stored, but the loss has to be said.
    /// </summary>
    public void NoteRemoved(IEnumerable<IssuedEvent> events)
    {
        lock (guard)
        {
            removed.UnionWith(events.Select(one => one.Id));
        }
    }

    public bool IsRemoved(string id)
    {
        lock (guard)
        {
            return removed.Contains(id);
        }
    }
}
