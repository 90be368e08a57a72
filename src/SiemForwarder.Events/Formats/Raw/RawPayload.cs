using System.Text.Json;
using SiemForwarder.Events.Formats.Json;
using SiemForwarder.Events.Formats.Native;
using SiemForwarder.Events.Formats.Text;

namespace SiemForwarder.Events.Formats.Raw;

/// <summary>Writes the source's JSON, compact and with secrets masked; whatever was not sent as a JSON object is written in the native schema.</summary>
/// <param name="includeRepresentation">Whether the representation of admin events is written.</param>
internal sealed class RawPayload(bool includeRepresentation) : IEventPayload
{
    // Maximum text lengths in UTF-16 units, tried in order; only the first keeps the representation.
    private static readonly int[] Lengths = [int.MaxValue, int.MaxValue, 1024, 256, 64];

    private readonly JsonMembers members = new();
    private readonly RawCopier copier = new();
    private readonly NativeJsonPayload native = new(includeRepresentation);

    public void Append(SecurityEvent securityEvent, Utf8Buffer output, int maxBytes)
    {
        var start = output.Length;
        for (var step = 0; step < Lengths.Length; step++)
        {
            output.Truncate(start);
            members.Begin(output, Lengths[step]);
            if (!TryWrite(securityEvent, Lengths[step], isWhole: step == 0))
            {
                break;
            }

            if (output.Length - start <= maxBytes)
            {
                return;
            }
        }

        output.Truncate(start);
        native.Append(securityEvent, output, maxBytes);
    }

    // False if the bytes are not a JSON object.
    private bool TryWrite(SecurityEvent securityEvent, int length, bool isWhole)
    {
        var json = securityEvent.Raw.Span;
        json = json.StartsWith("\uFEFF"u8) ? json[3..] : json;
        try
        {
            var representation = isWhole && includeRepresentation ? securityEvent.Admin?.Representation : null;
            if (!copier.TryCopy(json, members.Writer, securityEvent, representation, length, out var hasId))
            {
                return false;
            }

            // If the representation is written, it contains them itself.
            WriteMarks(securityEvent, hasId, isWhole, representation is null ? securityEvent.Admin?.Values ?? [] : [], length);
        }
        catch (JsonException)
        {
            return false;
        }

        members.Writer.WriteEndObject();
        members.Writer.Flush();
        return true;
    }

    private void WriteMarks(
        SecurityEvent securityEvent, bool hasId, bool isWhole, IReadOnlyList<KeyValuePair<string, string>> values, int length)
    {
        var signatureId = securityEvent.Description.SignatureId;
        if (hasId && isWhole && !securityEvent.IsTest && !securityEvent.IsDeprecatedDuplicate && signatureId is null && values.Count == 0)
        {
            return;
        }

        members.Open("siemforwarder"u8);
        members.Identity("event_id"u8, securityEvent.Id);
        // The source's own members state the type, but not which of several activities it means.
        if (signatureId is not null)
        {
            members.Identity("signature_id"u8, signatureId);
        }

        if (length > 0)
        {
            members.Details("resource_values"u8, values);
        }

        members.Mark("deprecated_duplicate"u8, securityEvent.IsDeprecatedDuplicate);
        members.Mark("test"u8, securityEvent.IsTest);
        members.Mark("truncated"u8, !isWhole);
        members.Close();
    }
}
