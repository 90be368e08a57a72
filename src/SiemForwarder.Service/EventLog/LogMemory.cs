using Microsoft.Extensions.Options;
using SiemForwarder.Service.Memory;

namespace SiemForwarder.Service.EventLog;

/// <summary>What the log keeps in memory, and its shares in that of the process: recent segments and the keys of the windows.</summary>
internal sealed class LogMemory
{
    // Some pages of five thousand events, without which every integration would read them for itself, and the keys of some hundred thousand.
    private const long MinSegments = 24L * 1024 * 1024;
    private const long MinKeys = 8L * 1024 * 1024;

    public LogMemory(MemoryBudget budget, IOptions<EventLogOptions> options)
    {
        var most = options.Value.MemoryBytes / 2;
        var segments = budget.Open(MemoryPart.Segments, MinSegments, most);
        Cache = new SegmentCache(most, segments);
        segments.GiveBack = Cache.Drop;
        Keys = budget.Open(MemoryPart.Keys, MinKeys, most);
    }

    /// <summary>The segments that deliveries share.</summary>
    public SegmentCache Cache { get; }

    /// <summary>The share of the keys of all windows.</summary>
    public MemoryShare Keys { get; }
}
