using SiemForwarder.Service.Integrations;

namespace SiemForwarder.Service.Preview;

/// <summary>The settings of an integration to estimate the volume for.</summary>
/// <param name="Integration">As for creating an integration.</param>
public sealed record VolumeRequest(IntegrationRequest? Integration = null);

/// <summary>What an integration would have sent in the last 24 hours, and so what it will send per day if nothing changes.</summary>
/// <param name="From">Start of the 24 hours, by event time.</param>
/// <param name="To">End of the 24 hours.</param>
/// <param name="FirstEventAt">Time of the earliest stored event in this period; if it is much later than <paramref name="From"/>, a whole day has more.
/// Null if there is none.</param>
/// <param name="Method">Where the numbers come from: <c>index</c> (all events, from the event index), <c>log</c> (all events, read from the log) or
/// <c>sample</c> (extrapolated from some segments of the log).</param>
/// <param name="IsExact">Whether events were counted rather than extrapolated; bytes are always extrapolated from rendered samples of each
/// type.</param>
/// <param name="StoredEvents">Events in the 24 hours, before the filter.</param>
/// <param name="ReadEvents">How many of them were read or found in the index.</param>
/// <param name="Events">Events per day that pass the filter.</param>
/// <param name="Bytes">Their bytes per day as formatted, which is what SIEMs usually license.</param>
/// <param name="SentBytes">Their bytes per day with framing or envelopes, compressed if the integration compresses; request headers are
/// not counted.</param>
/// <param name="Types">The volume by event type, most frequent first.</param>
public sealed record VolumeResponse(
    DateTimeOffset From, DateTimeOffset To, DateTimeOffset? FirstEventAt, string Method, bool IsExact, long StoredEvents,
    long ReadEvents, long Events, long Bytes,
    long SentBytes, IReadOnlyList<TypeVolumeResponse> Types);

/// <summary>The volume of one event type.</summary>
/// <param name="Type">Event type.</param>
/// <param name="Events">Events per day.</param>
/// <param name="Bytes">Bytes per day as formatted.</param>
/// <param name="SentBytes">Bytes per day as sent.</param>
/// <param name="RenderedEvents">Number of events rendered to measure their bytes; 0 if the average of the other types was used.</param>
public sealed record TypeVolumeResponse(string Type, long Events, long Bytes, long SentBytes, int RenderedEvents);
