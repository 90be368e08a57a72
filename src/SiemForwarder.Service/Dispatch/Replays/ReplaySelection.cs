using System.Globalization;
using SiemForwarder.Events;
using SiemForwarder.Service.Dispatch.Delivery;

namespace SiemForwarder.Service.Dispatch.Replays;

/// <summary>Selects the events of a replay and marks them as delivered again, in a detail that every schema except raw can carry.</summary>
/// <param name="replay">The replay; a backfill sends events for the first time and marks nothing.</param>
/// <param name="filter">Filter of the integration.</param>
internal sealed class ReplaySelection(Replay replay, EventFilter filter) : EventSelection(filter)
{
    /// <summary>Name of the detail; its value is the id of the replay. The schema <c>raw</c>, which is what Keycloak sent, cannot carry it.</summary>
    public const string Detail = "redelivered_by_replay";

    private readonly KeyValuePair<string, string> mark = new(Detail, replay.Id.ToString(CultureInfo.InvariantCulture));

    public override bool Wants(SecurityEvent one) => base.Wants(one) && replay.Definition.Wants(one);

    public override SecurityEvent Mark(SecurityEvent one) => replay.Kind == Replay.AsBackfill
        ? one
        : one with { Details = [.. one.Details.Where(detail => detail.Key != Detail), mark] };
}
