using System.ComponentModel.DataAnnotations;

namespace SiemForwarder.Service.Inbox;

/// <summary>The inbox; section <c>Forwarder:Inbox</c>.</summary>
internal sealed class InboxOptions
{
    public const string Section = "Forwarder:Inbox";

    /// <summary>Maximum body size in bytes, both as sent and after gzip decompression.</summary>
    [Range(1024, 64 * 1024 * 1024)]
    public int MaxRequestBytes { get; set; } = 4 * 1024 * 1024;

    /// <summary>Maximum size of one event in bytes.</summary>
    [Range(1024, 16 * 1024 * 1024)]
    public int MaxEventBytes { get; set; } = 256 * 1024;

    /// <summary>Maximum number of events in one request.</summary>
    [Range(1, 100_000)]
    public int MaxRequestEvents { get; set; } = 10_000;

    /// <summary>Maximum bytes of requests being read or waiting for their commit; beyond it, or where the memory budget has no more
    /// (<c>Forwarder__MemoryBytes</c>), the answer is 503. One source gets at most half.</summary>
    [Range(1024 * 1024, int.MaxValue)]
    public int MaxPendingBytes { get; set; } = 64 * 1024 * 1024;

    /// <summary>How long receiving the body of a signed request may take, since its signature can only be checked at the end; then the answer is
    /// 408.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan SignedBodyTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Minimum transfer rate of a body in bytes per second, after the first five seconds; below it the answer is 408.</summary>
    [Range(1, 1024 * 1024)]
    public int MinBodyBytesPerSecond { get; set; } = 1024;

    /// <summary>Maximum age of an event at receipt; an older one keeps its own time but is indexed and compared by its time of receipt.</summary>
    [Range(typeof(TimeSpan), "01:00:00", "3650.00:00:00")]
    public TimeSpan MaxEventAge { get; set; } = TimeSpan.FromDays(90);

    /// <summary>How far an event's time may lie ahead of its receipt; beyond that it is treated like one that is too old.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "3650.00:00:00")]
    public TimeSpan MaxEventLead { get; set; } = TimeSpan.FromDays(1);

    /// <summary>How long a commit may take before the answer is 503.</summary>
    public TimeSpan CommitTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Whether an event may keep its own time in the log; both times in epoch milliseconds.</summary>
    internal bool IsNear(long eventMs, long receivedMs) =>
        eventMs >= receivedMs - (long)MaxEventAge.TotalMilliseconds && eventMs <= receivedMs + (long)MaxEventLead.TotalMilliseconds;
}
