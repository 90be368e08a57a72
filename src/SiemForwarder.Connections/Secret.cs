using System.Diagnostics;

namespace SiemForwarder.Connections;

/// <summary>A value that must not be shown: prints as <c>***</c> wherever it is written by mistake.</summary>
[DebuggerDisplay("***")]
public sealed class Secret(string value)
{
    /// <summary>The value itself, for the one place that sends it.</summary>
    public string Reveal() => value;

    public override string ToString() => "***";
}
