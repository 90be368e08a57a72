using System.ComponentModel.DataAnnotations;

namespace SiemForwarder.Service.Inbox;

/// <summary>What the operator may set for the inbox; section <c>Forwarder:Inbox</c>.</summary>
internal sealed class InboxOptions
{
    public const string Section = "Forwarder:Inbox";

    /// <summary>Longest body in bytes, as sent and after gzip was undone.</summary>
    [Range(1024, 64 * 1024 * 1024)]
    public int MaxRequestBytes { get; set; } = 4 * 1024 * 1024;

    /// <summary>Longest single event in bytes.</summary>
    [Range(1024, 16 * 1024 * 1024)]
    public int MaxEventBytes { get; set; } = 256 * 1024;

    /// <summary>Most events in one request.</summary>
    [Range(1, 100_000)]
    public int MaxRequestEvents { get; set; } = 10_000;

    /// <summary>Most bytes of requests that are read or wait for their commit at one time; beyond it the answer is 503. One source has half of it.</summary>
    [Range(1024 * 1024, int.MaxValue)]
    public int MaxPendingBytes { get; set; } = 64 * 1024 * 1024;

    /// <summary>How long the body of a signed request may take, since its signature can be checked at its end alone; then the answer is 408.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan SignedBodyTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Slowest that a body may arrive, in bytes per second after the first five seconds; below it the answer is 408.</summary>
    [Range(1, 1024 * 1024)]
    public int MinBodyBytesPerSecond { get; set; } = 1024;

    /// <summary>How old an event may be at its receipt; an older one is kept with its own time, and indexed and compared by its receipt.</summary>
    [Range(typeof(TimeSpan), "01:00:00", "3650.00:00:00")]
    public TimeSpan MaxEventAge { get; set; } = TimeSpan.FromDays(90);

    /// <summary>How far ahead of its receipt the time of an event may be; one further ahead is treated like one that is too old.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "3650.00:00:00")]
    public TimeSpan MaxEventLead { get; set; } = TimeSpan.FromDays(1);

    /// <summary>How long a commit may take before the answer is 503.</summary>
    public TimeSpan CommitTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Whether an event of this time may stand at it in the log; both in epoch milliseconds.</summary>
    internal bool IsNear(long eventMs, long receivedMs) =>
        eventMs >= receivedMs - (long)MaxEventAge.TotalMilliseconds && eventMs <= receivedMs + (long)MaxEventLead.TotalMilliseconds;
}
