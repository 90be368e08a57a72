using System.ComponentModel.DataAnnotations;

namespace SiemForwarder.Service.EventLog;

/// <summary>What the operator may set for the event log; section <c>Forwarder:EventLog</c>.</summary>
internal sealed class EventLogOptions
{
    public const string Section = "Forwarder:EventLog";

    /// <summary>Days that events are kept after they were received; never dropped before every enabled integration has them.</summary>
    [Range(1, 3650)]
    public int RetentionDays { get; set; } = 30;

    /// <summary>Bytes on disk above which the oldest days go early, those that every enabled integration has; 0 for no bound.</summary>
    [Range(0, long.MaxValue)]
    public long MaxBytes { get; set; }

    /// <summary>Days after which events go even where an enabled integration has not got them; each loss is written down and told. 0 for never.</summary>
    [Range(0, 36500)]
    public int HardLimitDays { get; set; }

    /// <summary>Bytes on disk above which the oldest days go even where an enabled integration has not got them; 0 for never. The day under
    /// way stays.</summary>
    [Range(0, long.MaxValue)]
    public long HardLimitBytes { get; set; }

    /// <summary>Whether the event index is filled; without it there is no search, deliveries do not need it.</summary>
    public bool IndexEnabled { get; set; } = true;

    /// <summary>Days that events can be searched for.</summary>
    [Range(1, 3650)]
    public int IndexRetentionDays { get; set; } = 30;

    /// <summary>Days that the record of a delivery is kept.</summary>
    [Range(1, 3650)]
    public int DeliveryRetentionDays { get; set; } = 90;

    /// <summary>Pause between two looks at what may be dropped.</summary>
    public TimeSpan RetentionInterval { get; set; } = TimeSpan.FromMinutes(10);
}
