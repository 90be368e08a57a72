using System.ComponentModel.DataAnnotations;

namespace SiemForwarder.Service.Preview;

/// <summary>What the operator may set for previews and estimates; section <c>Forwarder:Preview</c>.</summary>
internal sealed class PreviewOptions
{
    public const string Section = "Forwarder:Preview";

    /// <summary>Most stored events that an estimate of the volume reads; of more it takes a sample.</summary>
    [Range(1000, 100_000_000)]
    public int MaxVolumeEvents { get; set; } = 200_000;

    /// <summary>Longest time that it reads them; what was read until then is the sample.</summary>
    public TimeSpan MaxVolumeTime { get; set; } = TimeSpan.FromSeconds(5);
}
