using System.Collections.Concurrent;

namespace SiemForwarder.Connections;

/// <summary>When the credentials used by the connections of one source or integration expire, as last reported by handshakes and settings.</summary>
public sealed class ExpiryNotes
{
    private readonly ConcurrentDictionary<string, DateTimeOffset> ends = new(StringComparer.Ordinal);

    /// <summary>Expiry dates, keyed by a description of what expires.</summary>
    public IReadOnlyDictionary<string, DateTimeOffset> Ends => ends;

    /// <summary>Records when something expires, replacing the previous record.</summary>
    public void Note(string what, DateTimeOffset end) => ends[what] = end;
}
