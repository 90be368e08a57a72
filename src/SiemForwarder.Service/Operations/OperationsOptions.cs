using System.ComponentModel.DataAnnotations;

namespace SiemForwarder.Service.Operations;

/// <summary>Self-monitoring; section <c>Forwarder:Operations</c>.</summary>
internal sealed class OperationsOptions
{
    public const string Section = "Forwarder:Operations";

    /// <summary>Pause between two checks; also how often audit events are written.</summary>
    public TimeSpan Interval { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How often the gauges that only the database knows are read for the metrics, and the history of the flow is
    /// written.</summary>
    public TimeSpan GaugeInterval { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long something must fail before it raises an alarm; shorter failures appear only in the status.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00")]
    public TimeSpan FailingAfter { get; set; } = TimeSpan.FromMinutes(1);
}
