using System.Collections.Concurrent;

namespace SiemForwarder.Connections;

/// <summary>When that ends which the connections of one source or integration rest on, as handshakes and settings said last.</summary>
public sealed class ExpiryNotes
{
    private readonly ConcurrentDictionary<string, DateTimeOffset> ends = new(StringComparer.Ordinal);

    /// <summary>Ends by what ends, in words.</summary>
    public IReadOnlyDictionary<string, DateTimeOffset> Ends => ends;

    /// <summary>Notes when something ends; what was noted of it before is forgotten.</summary>
    public void Note(string what, DateTimeOffset end) => ends[what] = end;
}
