using System.Text;
using SiemForwarder.Events.Formats;

namespace SiemForwarder.Events.Lint;

/// <summary>Reads the body of a request that carries one event, with what the destination put around it.</summary>
public static class RequestReader
{
    /// <summary>The fields of the body; where the message stands in it as a text, its fields stand below that name.</summary>
    /// <param name="body">Body before compression.</param>
    /// <param name="message">The message as it was formatted.</param>
    /// <param name="expected">What the message is meant to be.</param>
    public static ParsedMessage Read(ReadOnlyMemory<byte> body, ReadOnlyMemory<byte> message, OutputSettings expected)
    {
        var own = MessageReader.Read(message.Span, expected);
        var trimmed = body.Span.TrimEnd((byte)'\n');
        if (trimmed.SequenceEqual(message.Span))
        {
            return own;
        }

        var reading = new ParsedMessage();
        var around = new ParsedMessage();
        if (!JsonFields.Read(body, around, isSequence: true))
        {
            return own;
        }

        var (text, base64) = (Encoding.UTF8.GetString(message.Span), Convert.ToBase64String(message.Span));
        foreach (var field in around.Fields)
        {
            if (field.Value == text || field.Value == base64)
            {
                reading.Include(own, field.Name.Length == 0 ? "event" : field.Name);
            }
            else
            {
                reading.AddField(field.Name, field.Value, field.Type);
            }
        }

        // Where the message is part of the body's own JSON, what was found in it counts all the same.
        if (!around.Fields.Any(field => field.Value == text || field.Value == base64))
        {
            foreach (var finding in own.Findings)
            {
                reading.Add(finding);
            }
        }

        return reading;
    }
}
