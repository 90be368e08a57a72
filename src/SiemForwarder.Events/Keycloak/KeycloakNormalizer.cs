namespace SiemForwarder.Events.Keycloak;

/// <summary>Turns the JSON that Keycloak sent into the one normalized record; pure, so a better mapping applies to replays too.</summary>
public static class KeycloakNormalizer
{
    /// <summary>Normalizes one event. Never throws: what cannot be understood keeps its type name and its details.</summary>
    /// <param name="stream">Stream of the segment the event came from.</param>
    /// <param name="raw">The exact bytes of one JSON object.</param>
    /// <param name="key">Stands in as the id where the event has none.</param>
    /// <param name="source">Where the event came from.</param>
    /// <param name="position">Place in the log, or 0.</param>
    /// <param name="occurredAtMs">Time of the event in epoch milliseconds, used where the object has no <c>time</c>.</param>
    /// <param name="receivedAt">When the forwarder stored it.</param>
    public static SecurityEvent Normalize(
        EventStream stream, ReadOnlyMemory<byte> raw, EventKey key, EventSource source, long position, long occurredAtMs, DateTimeOffset receivedAt) =>
        throw new NotSupportedException();
}
