using System.ComponentModel.DataAnnotations;

namespace SiemForwarder.Service.EventLog;

/// <summary>The event log; section <c>Forwarder:EventLog</c>.</summary>
internal sealed class EventLogOptions
{
    public const string Section = "Forwarder:EventLog";

    /// <summary>Days to keep events after receipt; they are never dropped before every enabled integration has them.</summary>
    [Range(1, 3650)]
    public int RetentionDays { get; set; } = 30;

    /// <summary>Size on disk in bytes above which the oldest days are dropped early, once every enabled integration has them; 0 for no limit.</summary>
    [Range(0, long.MaxValue)]
    public long MaxBytes { get; set; }

    /// <summary>Days after which events are dropped even if an enabled integration lacks them; each loss is recorded and reported. 0 for never.</summary>
    [Range(0, 36500)]
    public int HardLimitDays { get; set; }

    /// <summary>Size on disk in bytes above which the oldest days are dropped even if an enabled integration lacks them; 0 for never. The current day is
    /// always kept.</summary>
    [Range(0, long.MaxValue)]
    public long HardLimitBytes { get; set; }

    /// <summary>The most of the memory budget (<c>Forwarder__MemoryBytes</c>) in bytes, half for recently stored segments, half for the keys by which
    /// events that come again are recognized. More of it spares PostgreSQL reads when integrations lag a little, or when very many events come in a few
    /// minutes.</summary>
    [Range(1024 * 1024, 64L * 1024 * 1024 * 1024)]
    public long MemoryBytes { get; set; } = 2 * SegmentCache.UsualWeight;

    /// <summary>Whether the event index is filled; search needs it, deliveries do not.</summary>
    public bool IndexEnabled { get; set; } = true;

    /// <summary>Days for which events can be searched.</summary>
    [Range(1, 3650)]
    public int IndexRetentionDays { get; set; } = 30;

    /// <summary>Days to keep delivery records.</summary>
    [Range(1, 3650)]
    public int DeliveryRetentionDays { get; set; } = 90;

    /// <summary>Pause between two retention runs.</summary>
    public TimeSpan RetentionInterval { get; set; } = TimeSpan.FromMinutes(10);
}
