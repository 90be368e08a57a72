using System.ComponentModel.DataAnnotations;

namespace SiemForwarder.Service.Operations;

/// <summary>What the operator may set for the forwarder's watch over itself; section <c>Forwarder:Operations</c>.</summary>
internal sealed class OperationsOptions
{
    public const string Section = "Forwarder:Operations";

    /// <summary>Pause between two looks.</summary>
    public TimeSpan Interval { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long something has to fail before it is an alarm; shorter troubles show in the status only.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00")]
    public TimeSpan FailingAfter { get; set; } = TimeSpan.FromMinutes(1);
}
