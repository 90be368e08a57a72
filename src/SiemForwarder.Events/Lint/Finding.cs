namespace SiemForwarder.Events.Lint;

/// <summary>How much a finding weighs.</summary>
public enum FindingLevel
{
    /// <summary>A strict receiver refuses or misreads the message.</summary>
    Error,

    /// <summary>Some receivers cut it, or show less than was sent.</summary>
    Warning,

    /// <summary>Worth knowing.</summary>
    Note,
}

/// <summary>One thing that a receiver may stumble over.</summary>
/// <param name="Level">How much it weighs.</param>
/// <param name="Rule">Name of the rule, stable: <c>rfc5424.pri</c>.</param>
/// <param name="Message">What is the matter, in a sentence for people.</param>
public sealed record Finding(FindingLevel Level, string Rule, string Message);
