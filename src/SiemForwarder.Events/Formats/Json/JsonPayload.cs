using SiemForwarder.Events.Formats.Native;
using SiemForwarder.Events.Formats.Text;

namespace SiemForwarder.Events.Formats.Json;

/// <summary>A schema whose events are JSON objects: written in steps that leave out more and more, until one fits.</summary>
internal abstract class JsonPayload : IEventPayload
{
    private readonly JsonMembers members = new();

    public void Append(SecurityEvent securityEvent, Utf8Buffer output, int maxBytes)
    {
        var start = output.Length;
        foreach (ref readonly var limits in TruncationStep.Steps.AsSpan())
        {
            output.CutTo(start);
            members.Begin(output, limits.TextLength);
            members.Writer.WriteStartObject();
            Write(securityEvent, members, limits);
            members.Writer.WriteEndObject();
            members.Writer.Flush();
            if (output.Length - start <= maxBytes)
            {
                return;
            }
        }
    }

    /// <summary>Writes the members of the event; where <see cref="TruncationStep.OnlyIdentity"/> is set, only what the schema cannot do without.</summary>
    protected abstract void Write(SecurityEvent securityEvent, JsonMembers json, in TruncationStep limits);

    /// <summary>True where something is left out.</summary>
    protected static bool IsShortened(in TruncationStep limits) => limits != TruncationStep.Steps[0];
}
