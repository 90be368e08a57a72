using System.Collections.Concurrent;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.Reliability.Receiving;

/// <summary>Takes complete messages out of the bytes of each connection as they come.</summary>
internal sealed class TcpArrivals(Arrivals arrivals)
{
    private readonly ConcurrentDictionary<ReceivedConnection, (int Number, byte[] Beginning)> open = new();
    private int connections;

    /// <summary>Connections that carried at least one byte.</summary>
    public int Connections => connections;

    /// <summary>To be called with the bytes of one connection in their order.</summary>
    public void Take(ReceivedConnection connection, ReadOnlyMemory<byte> bytes)
    {
        var (number, beginning) = open.GetOrAdd(connection, _ => (Interlocked.Increment(ref connections), []));
        var (messages, rest) = SyslogStream.Split([.. beginning, .. bytes.Span]);
        open[connection] = (number, rest);
        arrivals.Add(messages, number);
    }
}
