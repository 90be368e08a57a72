using System.ComponentModel.DataAnnotations;

namespace SiemForwarder.Service.Dispatch;

/// <summary>Delivery; section <c>Forwarder:Dispatch</c>.</summary>
internal sealed class DispatchOptions
{
    public const string Section = "Forwarder:Dispatch";

    /// <summary>Retries after the first attempt of a round.</summary>
    [Range(0, 10)]
    public int Retries { get; set; } = 3;

    /// <summary>Delay before the first retry; doubles with each further retry, with jitter.</summary>
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Pause after the first failed round; doubles with each further one.</summary>
    public TimeSpan RoundPause { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Maximum pause between two rounds.</summary>
    public TimeSpan MaxRoundPause { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Pause between two probes of a destination that needs a settings change.</summary>
    public TimeSpan ProbePause { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Pause before the next batch after a destination accepted one but asked to slow down; the destination's own delay applies if it is
    /// longer.</summary>
    public TimeSpan SlowDownPause { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a running send may take to finish when its integration is stopped or changed.</summary>
    public TimeSpan StopGrace { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>How long normalizing, masking and formatting one event may take; a slower event is logged, counted, and raises an alarm for a
    /// day.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "01:00:00")]
    public TimeSpan SlowEvent { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Consecutive refusals of single events, with none accepted in between, after which the destination counts as misconfigured.</summary>
    [Range(1, 100_000)]
    public int MaxRefusalsInARow { get; set; } = 20;
}
