using System.Diagnostics;

namespace SiemForwarder.Connections;

/// <summary>A value that must not be displayed: it prints as <c>***</c> wherever it is written by mistake.</summary>
[DebuggerDisplay("***")]
public sealed class Secret(string value)
{
    /// <summary>Where the value is kept outside, such as <c>env:NAME</c>; null if the value itself was given.</summary>
    public string? Reference { get; init; }

    /// <summary>A sentence on why the value could not be read from there, in which case it is empty; otherwise null.</summary>
    public string? Unread { get; init; }

    /// <summary>The value itself, for the one place that sends it.</summary>
    public string Reveal() => value;

    public override string ToString() => "***";
}
