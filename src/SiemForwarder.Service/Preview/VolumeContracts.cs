using SiemForwarder.Service.Integrations;

namespace SiemForwarder.Service.Preview;

/// <summary>The settings of an integration whose volume is asked for.</summary>
/// <param name="Integration">As for creating an integration.</param>
public sealed record VolumeRequest(IntegrationRequest? Integration = null);

/// <summary>What an integration would have sent in the last 24 hours, which is what it will send a day if nothing changes.</summary>
/// <param name="From">Begin of the 24 hours; the time of events counts.</param>
/// <param name="To">Their end.</param>
/// <param name="FirstEventAt">Earliest stored event in them: where it is much later than <paramref name="From"/>, a whole day brings more.
/// Null where there is none.</param>
/// <param name="Method">Where the numbers come from: <c>index</c> (all events, by the event index), <c>log</c> (all events, read) or
/// <c>sample</c> (some segments of the log, projected).</param>
/// <param name="IsExact">Whether events were counted and not projected; bytes are always projected from rendered samples of each
/// type.</param>
/// <param name="StoredEvents">Events in the 24 hours, before the filter.</param>
/// <param name="ReadEvents">How many of them were read or found in the index.</param>
/// <param name="Events">Events a day that pass the filter.</param>
/// <param name="Bytes">Bytes of them a day, as formatted: what SIEMs usually license.</param>
/// <param name="SentBytes">Bytes of them a day with framing or envelopes, and compressed where the integration compresses; heads of
/// requests not counted.</param>
/// <param name="Types">The same by event type, the most frequent first.</param>
public sealed record VolumeResponse(
    DateTimeOffset From, DateTimeOffset To, DateTimeOffset? FirstEventAt, string Method, bool IsExact, long StoredEvents,
    long ReadEvents, long Events, long Bytes,
    long SentBytes, IReadOnlyList<TypeVolumeResponse> Types);

/// <summary>The volume of one event type.</summary>
/// <param name="Type">Event type.</param>
/// <param name="Events">Events a day.</param>
/// <param name="Bytes">Bytes a day, as formatted.</param>
/// <param name="SentBytes">Bytes a day as sent.</param>
/// <param name="RenderedEvents">How many events were rendered to know their bytes; 0 where the average of the others had to do.</param>
public sealed record TypeVolumeResponse(string Type, long Events, long Bytes, long SentBytes, int RenderedEvents);
