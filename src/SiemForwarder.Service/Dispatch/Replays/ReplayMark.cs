using System.Globalization;
using SiemForwarder.Events;

namespace SiemForwarder.Service.Dispatch.Replays;

/// <summary>Picks the events of a replay and marks them as delivered again, in a detail that every schema has a place for.</summary>
internal static class ReplayMark
{
    /// <summary>Name of the detail; its value is the id of the replay. The schema <c>raw</c>, which is what Keycloak sent, has no place for it.</summary>
    public const string Detail = "redelivered_by_replay";

    /// <summary>The event as a replay sends it, or null where the replay or the integration does not want it. A backfill sends for the
    /// first time and marks nothing.</summary>
    public static Func<SecurityEvent, SecurityEvent?> Selector(Replay replay, EventFilter filter)
    {
        var mark = new KeyValuePair<string, string>(Detail, replay.Id.ToString(CultureInfo.InvariantCulture));
        return one => !filter.Evaluate(one).IsWanted || !replay.Definition.Wants(one) ? null
            : replay.Kind == Replay.AsBackfill ? one
            : one with { Details = [.. one.Details.Where(detail => detail.Key != Detail), mark] };
    }
}
