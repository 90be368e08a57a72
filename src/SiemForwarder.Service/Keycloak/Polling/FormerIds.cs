using System.Runtime.InteropServices;
using SiemForwarder.Events;
using SiemForwarder.Events.Keycloak;
using SiemForwarder.Service.EventLog;

namespace SiemForwarder.Service.Keycloak.Polling;

/// <summary>Recognizes by content events that were stored under an id before their server stopped sending ids, as after a downgrade.</summary>
/// <param name="lookUp">Reads the stored events of a time range with exclusive end; null if the database cannot be reached.</param>
internal sealed class FormerIds(Func<long, long, CancellationToken, Task<IReadOnlyList<IncomingEvent>?>> lookUp)
{
    private const long SpanMs = 60_000;
    private const int MaxKeys = 200_000;

    private readonly KeycloakContentHash hash = new();
    private readonly HashSet<long> read = [];
    private readonly Dictionary<(long TimeMs, EventKey Content), EventKey> ids = [];

    /// <summary>Clears what was read, because more may be stored under ids by now.</summary>
    public void Forget()
    {
        read.Clear();
        ids.Clear();
    }

    /// <summary>Sets the former key of each event that is stored under an id; false if that cannot be determined now.</summary>
    public async Task<bool> TryRecognizeAsync(List<IncomingEvent> events, long throughMs, CancellationToken cancellationToken)
    {
        for (var i = 0; i < events.Count; i++)
        {
            var incoming = events[i];
            if (incoming.OccurredAtMs > throughMs)
            {
                continue;
            }

            if (!await TryReadAsync(SpanOf(incoming.OccurredAtMs), cancellationToken))
            {
                return false;
            }

            if (ids.TryGetValue((incoming.OccurredAtMs, incoming.Key), out var id))
            {
                events[i] = incoming with { FormerKey = id };
            }
        }

        return true;
    }

    private async Task<bool> TryReadAsync(long span, CancellationToken cancellationToken)
    {
        if (read.Contains(span))
        {
            return true;
        }

        if (ids.Count + read.Count > MaxKeys)
        {
            Forget();
        }

        if (await lookUp(span * SpanMs, (span + 1) * SpanMs, cancellationToken) is not { } stored)
        {
            return false;
        }

        var occurrences = new Dictionary<(long, EventKey), int>();
        foreach (var one in stored)
        {
            var content = hash.Compute(one.Body, 0);
            ref var count = ref CollectionsMarshal.GetValueRefOrAddDefault(occurrences, (one.OccurredAtMs, content), out var isAlike);
            ids[(one.OccurredAtMs, isAlike ? hash.Compute(one.Body, ++count) : content)] = one.Key;
        }

        read.Add(span);
        return true;
    }

    private static long SpanOf(long timeMs) => (long)Math.Floor(timeMs / (double)SpanMs);
}
