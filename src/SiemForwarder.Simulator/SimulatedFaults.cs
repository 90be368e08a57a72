using System.Collections.Concurrent;

namespace SiemForwarder.Simulator;

/// <summary>Which requests of a simulated server fail, and how.</summary>
public sealed class SimulatedFaults
{
    private readonly ConcurrentQueue<SimulatedFault> pages = new();

    /// <summary>Called for every request with its path and query; a returned fault determines the response.</summary>
    public Func<string, SimulatedFault?>? Always { get; set; }

    /// <summary>Makes the next <paramref name="count"/> requests for a page of events fail.</summary>
    public void NextPages(SimulatedFault fault, int count = 1)
    {
        for (var i = 0; i < count; i++)
        {
            pages.Enqueue(fault);
        }
    }

    internal SimulatedFault? Take(string pathAndQuery)
    {
        if (Always?.Invoke(pathAndQuery) is { } fault)
        {
            return fault;
        }

        var isPage = pathAndQuery.Contains("/events?", StringComparison.Ordinal) || pathAndQuery.Contains("/admin-events?", StringComparison.Ordinal);
        return isPage && pages.TryDequeue(out var next) ? next : null;
    }
}
