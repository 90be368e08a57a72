using System.Collections.Concurrent;

namespace SiemForwarder.Service.Keycloak.Client;

/// <summary>Lets at most four requests of this process into one Keycloak server at a time, however many of its realms are polled.</summary>
internal static class ServerGate
{
    public const int MaxRequestsAtOnce = 4;

    private static readonly ConcurrentDictionary<string, SemaphoreSlim> Gates = new(StringComparer.OrdinalIgnoreCase);

    public static async Task<IDisposable> EnterAsync(Uri server, CancellationToken cancellationToken)
    {
        var gate = Gates.GetOrAdd(server.GetLeftPart(UriPartial.Authority), _ => new SemaphoreSlim(MaxRequestsAtOnce));
        await gate.WaitAsync(cancellationToken);
        return new Entry(gate);
    }

    /// <summary>One request inside; leaves when disposed.</summary>
    private sealed class Entry(SemaphoreSlim gate) : IDisposable
    {
        public void Dispose() => gate.Release();
    }
}
