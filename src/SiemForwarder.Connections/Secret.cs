using System.Diagnostics;

namespace SiemForwarder.Connections;

/// <summary>A value that must not be shown: prints as <c>***</c> wherever it is written by mistake.</summary>
[DebuggerDisplay("***")]
public sealed class Secret(string value)
{
    /// <summary>Where the value is kept outside, such as <c>env:NAME</c>; null where it was given itself.</summary>
    public string? Reference { get; init; }

    /// <summary>In a sentence, why it is not to be had from there; the value is empty then. Null where it is.</summary>
    public string? Unread { get; init; }

    /// <summary>The value itself, for the one place that sends it.</summary>
    public string Reveal() => value;

    public override string ToString() => "***";
}
