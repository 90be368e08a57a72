using System.Text;
using SiemForwarder.Events.Formats;

namespace SiemForwarder.Events.Lint;

/// <summary>Reads a message back like a strict receiver, with readers that share nothing with the writers.</summary>
public static class MessageReader
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The fields of one message without framing, and everything that is wrong with it.</summary>
    /// <param name="message">Exact bytes.</param>
    /// <param name="expected">The settings with which the message was written.</param>
    public static ParsedMessage Read(ReadOnlySpan<byte> message, OutputSettings expected)
    {
        ArgumentNullException.ThrowIfNull(expected);
        var reading = new ParsedMessage();
        var text = Decode(message, reading);
        SizeRules.CheckMessage(message.Length, expected, reading);
        CheckControls(text, expected.OutputType, reading);
        var header = expected.Syslog ?? (expected.OutputType == OutputType.Syslog ? new SyslogHeaderSettings() : null);
        var payload = header switch
        {
            null => text,
            { Format: SyslogFormat.Rfc3164 } => Rfc3164Reader.Read(text, reading),
            _ => Rfc5424Reader.Read(text, reading),
        };
        if (payload is null)
        {
            return reading;
        }

        switch (expected.OutputType)
        {
            case OutputType.Cef:
                CefReader.Read(payload, reading);
                break;
            case OutputType.Leef:
                LeefReader.Read(payload, reading);
                break;
            default:
                JsonPayloadReader.Read(payload, expected.Schema, reading);
                break;
        }

        SizeRules.CheckShortened(expected, reading);
        return reading;
    }

    private static string Decode(ReadOnlySpan<byte> message, ParsedMessage reading)
    {
        try
        {
            return Strict.GetString(message);
        }
        catch (DecoderFallbackException)
        {
            reading.Error("utf-8", "The message is not valid UTF-8; receivers replace or drop what they cannot read.");
            return Encoding.UTF8.GetString(message);
        }
    }

    private static void CheckControls(string text, OutputType outputType, ParsedMessage reading)
    {
        if (text.AsSpan().ContainsAny('\r', '\n', '\0'))
        {
            reading.Error(
                "line-break",
                "The message contains a line break or NUL: receivers that read lines treat what follows as a separate message.");
        }

        var known = outputType == OutputType.Leef ? "\r\n\0\t" : "\r\n\0";
        if (text.Any(character => char.IsControl(character) && !known.Contains(character, StringComparison.Ordinal)))
        {
            reading.Warn("control-character", "The message contains a control character; receivers show it escaped, or cut the message there.");
        }
    }
}
