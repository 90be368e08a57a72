using System.ComponentModel.DataAnnotations;

namespace SiemForwarder.Service.Preview;

/// <summary>Previews and volume estimates; section <c>Forwarder:Preview</c>.</summary>
internal sealed class PreviewOptions
{
    public const string Section = "Forwarder:Preview";

    /// <summary>Maximum number of stored events a volume estimate reads; if there are more, it reads a sample.</summary>
    [Range(1000, 100_000_000)]
    public int MaxVolumeEvents { get; set; } = 200_000;

    /// <summary>Maximum time it spends reading; what it has read by then is the sample.</summary>
    public TimeSpan MaxVolumeTime { get; set; } = TimeSpan.FromSeconds(5);
}
