using System.Text;
using SiemForwarder.Events.Formats;

namespace SiemForwarder.Events.Lint;

/// <summary>Reads the body of a request with one event, including what the destination added around it.</summary>
public static class RequestReader
{
    /// <summary>The fields of the body; if it contains the message as a text, the message's fields are placed below that name.</summary>
    /// <param name="body">Body before compression.</param>
    /// <param name="message">The formatted message.</param>
    /// <param name="expected">The settings with which the message was written.</param>
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

        // If the message is part of the body's own JSON, its findings still apply.
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
