using System.ComponentModel.DataAnnotations;
using SiemForwarder.Detections.Fields;

namespace SiemForwarder.Service.Detections;

/// <summary>The detection rules; section <c>Forwarder:Detections</c>.</summary>
internal sealed class DetectionOptions
{
    public const string Section = "Forwarder:Detections";

    /// <summary>Time zone of <c>local.hour</c>, <c>local.weekday</c> and <c>local.business</c>, an IANA name such as <c>Europe/Berlin</c>.</summary>
    [KnownZone]
    public string Zone { get; set; } = "UTC";

    /// <summary>Hour at which working hours begin, Monday to Friday.</summary>
    [Range(0, 23)]
    public int WorkFromHour { get; set; } = 8;

    /// <summary>Hour at which working hours end.</summary>
    [Range(1, 23)]
    public int WorkToHour { get; set; } = 18;

    /// <summary>Pause between two snapshots of what the rules remember; after a crash, events read since the last one are read again.</summary>
    public TimeSpan SnapshotInterval { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>The maximum number of stored events that a new or changed rule learns from before it starts.</summary>
    [Range(0, 100_000_000)]
    public int LearningEvents { get; set; } = 1_000_000;

    /// <summary>How often to look which rules are blind.</summary>
    public TimeSpan BlindInterval { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a source of pushed events may be silent until rules that look at its events are blind. Default: twice its own longest silence
    /// of a week, at least an hour.</summary>
    public TimeSpan? MaxPushSilence { get; set; }

    /// <summary>The calendar of all sources.</summary>
    internal LocalCalendar ToCalendar() => new()
    {
        Zone = TimeZoneInfo.FindSystemTimeZoneById(Zone),
        From = new TimeOnly(WorkFromHour, 0),
        To = new TimeOnly(WorkToHour, 0),
    };
}

/// <summary>Requires the name of a time zone that this machine knows.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class KnownZoneAttribute : ValidationAttribute
{
    public override bool IsValid(object? value) => value is string name && TimeZoneInfo.TryFindSystemTimeZoneById(name, out _);

    public override string FormatErrorMessage(string name) => $"{name} must be the name of a time zone, such as Europe/Berlin.";
}
