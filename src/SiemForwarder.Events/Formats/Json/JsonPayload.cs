using SiemForwarder.Events.Formats.Text;

namespace SiemForwarder.Events.Formats.Json;

/// <summary>
/// A schema whose events are JSON objects: written in full; if that is too long, without the least valuable members, one by one;
/// and if that is not enough, with shorter texts.
/// </summary>
internal abstract class JsonPayload : IEventPayload
{
    // Each round writes the event again; the first one restores nearly everything that can be.
    private const int MaxRestores = 3;

    // Maximum text lengths in UTF-16 units; at 0 only what identifies the event remains.
    private static readonly int[] TextLengths = [int.MaxValue, 1024, 512, 256, 128, 64, 32, 16, 0];

    private readonly JsonMembers members = new();

    public void Append(SecurityEvent securityEvent, Utf8Buffer output, int maxBytes)
    {
        var start = output.Length;
        foreach (var length in TextLengths)
        {
            output.Truncate(start);
            members.Begin(output, length);
            for (var restores = 0; ;)
            {
                members.Writer.WriteStartObject();
                Write(securityEvent, members);
                members.Writer.WriteEndObject();
                members.Writer.Flush();
                var excess = output.Length - start - maxBytes;
                if (excess <= 0 && !members.LacksMark && (restores++ == MaxRestores || !members.Restore(-excess)))
                {
                    return;
                }

                if (excess > 0 && !members.Save(excess + members.MarkBytes))
                {
                    break;
                }

                output.Truncate(start);
                members.Again(output);
            }
        }
    }

    /// <summary>Writes the members of the event; always the same ones in the same order.</summary>
    protected abstract void Write(SecurityEvent securityEvent, JsonMembers json);
}
