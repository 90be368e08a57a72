using System.Runtime.InteropServices;
using SiemForwarder.Events;
using SiemForwarder.Events.Keycloak;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Keycloak.Client;

namespace SiemForwarder.Service.Keycloak.Polling;

/// <summary>Assigns keys to the events of a page: the id, or a hash of the content if the server has no ids.</summary>
/// <remarks>Identical rows within one page are different events, since one query never returns a row twice, so they are numbered. The returned list is
/// reused by the next call.</remarks>
internal sealed class PageKeys
{
    private readonly KeycloakContentHash hash = new();
    private readonly Dictionary<EventKey, int> occurrences = [];
    private readonly List<IncomingEvent> events = [];

    /// <summary>Events keyed by id; those that may have been stored under a hash carry it as the former key.</summary>
    public List<IncomingEvent> ById(EventPage page, long fromMs, long? hashedThroughMs)
    {
        events.Clear();
        occurrences.Clear();
        foreach (var pageEvent in page.Events)
        {
            if (pageEvent.TimeMs < fromMs)
            {
                continue;
            }

            var json = page.Json(pageEvent);
            EventKey? former = pageEvent.TimeMs <= hashedThroughMs || pageEvent.Key is null ? Numbered(json) : null;
            events.Add(pageEvent.Key is { } key
                ? new IncomingEvent(pageEvent.TimeMs, key, former, json)
                : new IncomingEvent(pageEvent.TimeMs, former!.Value, null, json));
        }

        return events;
    }

    /// <summary>Events of a newest-first page, keyed by hash, oldest first, without those older than <paramref name="fromMs"/>.</summary>
    public List<IncomingEvent> ByContent(EventPage page, long fromMs)
    {
        events.Clear();
        occurrences.Clear();
        for (var i = page.Count - 1; i >= 0; i--)
        {
            var pageEvent = page.Events[i];
            if (pageEvent.TimeMs >= fromMs)
            {
                var json = page.Json(pageEvent);
                events.Add(new IncomingEvent(pageEvent.TimeMs, Numbered(json), null, json));
            }
        }

        return events;
    }

    private EventKey Numbered(ReadOnlyMemory<byte> json)
    {
        var first = hash.Compute(json, 0);
        ref var count = ref CollectionsMarshal.GetValueRefOrAddDefault(occurrences, first, out var isKnown);
        return isKnown ? hash.Compute(json, ++count) : first;
    }
}
