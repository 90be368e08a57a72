namespace SiemForwarder.Reliability.Receiving;

/// <summary>One event as a receiver took it.</summary>
/// <param name="Id">The event's id as found in the bytes; empty where none was found.</param>
/// <param name="Bytes">The exact bytes of the event.</param>
/// <param name="Connection">Number of the connection it came over; over one connection, order is certain.</param>
/// <param name="At">When, by the clock of the scenario.</param>
internal sealed record Arrival(string Id, byte[] Bytes, int Connection, DateTimeOffset At);

/// <summary>Everything that one receiver took, in order.</summary>
internal sealed class Arrivals(TimeProvider time, Func<byte[], string?> findId)
{
    private readonly Lock guard = new();
    private readonly List<Arrival> all = [];
    private readonly HashSet<string> distinct = [];

    public int Count
    {
        get
        {
            lock (guard)
            {
                return all.Count;
            }
        }
    }

    public int Distinct
    {
        get
        {
            lock (guard)
            {
                return distinct.Count;
            }
        }
    }

    public void Add(IEnumerable<byte[]> events, int connection)
    {
        lock (guard)
        {
            var at = time.GetUtcNow();
            foreach (var one in events)
            {
                var arrival = new Arrival(findId(one) ?? string.Empty, one, connection, at);
                all.Add(arrival);
                distinct.Add(arrival.Id);
            }
        }
    }

    public bool Contains(string id)
    {
        lock (guard)
        {
            return distinct.Contains(id);
        }
    }

    /// <summary>All of them; those of an older connection come first, since what it still held when it ended was sent first.</summary>
    public IReadOnlyList<Arrival> InOrder()
    {
        lock (guard)
        {
            return [.. all.OrderBy(one => one.Connection)];
        }
    }
}
