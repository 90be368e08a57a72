using System.Diagnostics.CodeAnalysis;
using System.Text.Encodings.Web;
using System.Text.Json;
using SiemForwarder.Events.Formats.Text;

namespace SiemForwarder.Events.Formats.Native;

/// <summary>Writes the native schema: one compact JSON object, nulls left out (RFC 8259).</summary>
/// <param name="includeRepresentation">Whether the representation of admin events is written.</param>
[SuppressMessage("Design", "CA1001", Justification = "The writer owns nothing: it writes to the buffer of the formatter.")]
internal sealed class NativeJsonPayload(bool includeRepresentation) : IEventPayload
{
    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    // Id and type are cut last: they tell which event it was.
    private const int IdentityLength = 64;

    private readonly Utf8JsonWriter writer = new(Stream.Null, WriterOptions);

    public void Append(SecurityEvent securityEvent, Utf8Buffer output, int maxBytes)
    {
        var start = output.Length;
        foreach (ref readonly var limits in TruncationStep.Steps.AsSpan())
        {
            output.CutTo(start);
            writer.Reset(output);
            WriteEvent(securityEvent, limits, isWhole: limits == TruncationStep.Steps[0]);
            writer.Flush();
            if (output.Length - start <= maxBytes)
            {
                return;
            }
        }
    }

    private void WriteEvent(SecurityEvent securityEvent, in TruncationStep limits, bool isWhole)
    {
        writer.WriteStartObject();
        writer.WriteString(NativeJsonNames.SchemaVersion, NativeJson.SchemaVersion);
        WriteText(NativeJsonNames.EventId, securityEvent.Id, Math.Max(limits.TextLength, IdentityLength));
        WriteText(NativeJsonNames.EventType, securityEvent.Type, Math.Max(limits.TextLength, IdentityLength));
        WriteInstant(NativeJsonNames.Timestamp, securityEvent.OccurredAt);
        writer.WriteString(NativeJsonNames.Outcome, Texts.Outcome(securityEvent.Outcome));
        if (!limits.OnlyIdentity)
        {
            WriteDescription(securityEvent, limits.TextLength);
            WriteParties(securityEvent, limits.TextLength);
            WriteOrigin(securityEvent, limits.TextLength);
            WriteLocation(securityEvent.Location, limits.TextLength);
            WriteDetails(NativeJsonNames.Context, securityEvent.Details, limits.DetailLength);
            WriteAdmin(securityEvent.Admin, limits);
        }

        WriteMark(NativeJsonNames.DeprecatedDuplicate, securityEvent.IsDeprecatedDuplicate);
        WriteMark(NativeJsonNames.Test, securityEvent.IsTest);
        WriteMark(NativeJsonNames.Truncated, !isWhole);
        writer.WriteEndObject();
    }

    private void WriteDescription(SecurityEvent securityEvent, int length)
    {
        WriteInstant(NativeJsonNames.ReceivedAt, securityEvent.ReceivedAt);
        writer.WriteString(NativeJsonNames.Kind, Kind(securityEvent.Kind));
        WriteText(NativeJsonNames.SignatureId, securityEvent.SignatureId, Math.Max(length, IdentityLength));
        WriteText(NativeJsonNames.Category, securityEvent.Description.Category, length);
        WriteText(NativeJsonNames.Name, securityEvent.Description.Name, length);
        writer.WriteNumber(NativeJsonNames.Severity, securityEvent.Severity);
        WriteText(NativeJsonNames.Reason, securityEvent.Reason, length);
    }

    private void WriteParties(SecurityEvent securityEvent, int length)
    {
        var subject = securityEvent.Subject;
        var requestor = securityEvent.Actor;
        WriteText(NativeJsonNames.Subject, subject?.Name ?? subject?.Id, length);
        WriteText(NativeJsonNames.SubjectId, subject?.Id, length);
        WriteText(NativeJsonNames.Requestor, requestor?.Name ?? requestor?.Id, length);
        WriteText(NativeJsonNames.RequestorId, requestor?.Id, length);
        WriteText(NativeJsonNames.RequestorRealm, requestor?.Realm, length);
        WriteText(NativeJsonNames.RequestorClientId, securityEvent.Kind == EventKind.Admin ? requestor?.ClientId : null, length);
    }

    private void WriteOrigin(SecurityEvent securityEvent, int length)
    {
        var source = securityEvent.Source;
        WriteText(NativeJsonNames.OrgId, source.Realm.Length > 0 ? source.Realm : securityEvent.RealmId, length);
        WriteText(NativeJsonNames.RealmId, securityEvent.RealmId, length);
        WriteText(NativeJsonNames.Source, source.Name, length);
        WriteText(NativeJsonNames.ClientId, securityEvent.ClientId, length);
        WriteText(NativeJsonNames.SessionId, securityEvent.SessionId, length);
        WriteText(NativeJsonNames.TransactionId, securityEvent.TransactionId, length);
        WriteText(NativeJsonNames.IpAddress, securityEvent.IpAddress, length);
    }

    private void WriteLocation(EventLocation? location, int length)
    {
        if (location is null)
        {
            return;
        }

        writer.WriteStartObject(NativeJsonNames.Location);
        WriteText(NativeJsonNames.City, location.City, length);
        WriteText(NativeJsonNames.Region, location.Region, length);
        WriteText(NativeJsonNames.RegionCode, location.RegionCode, length);
        WriteText(NativeJsonNames.Country, location.Country, length);
        WriteNumber(NativeJsonNames.Latitude, location.Latitude);
        WriteNumber(NativeJsonNames.Longitude, location.Longitude);
        WriteNumber(NativeJsonNames.AccuracyRadiusKm, location.AccuracyRadiusKm);
        WriteNumber(NativeJsonNames.AutonomousSystemNumber, location.AutonomousSystemNumber);
        WriteText(NativeJsonNames.AutonomousSystemOrganization, location.AutonomousSystemOrganization, length);
        writer.WriteEndObject();
    }

    private void WriteNumber(JsonEncodedText name, double? number)
    {
        if (number is { } known)
        {
            writer.WriteNumber(name, known);
        }
    }

    private void WriteDetails(JsonEncodedText name, IReadOnlyList<KeyValuePair<string, string>> details, int length)
    {
        if (details.Count == 0 || length == 0)
        {
            return;
        }

        writer.WriteStartObject(name);
        for (var index = 0; index < details.Count; index++)
        {
            writer.WriteString(Texts.Cut(details[index].Key, length), Texts.Cut(details[index].Value, length));
        }

        writer.WriteEndObject();
    }

    private void WriteAdmin(AdminAction? admin, in TruncationStep limits)
    {
        if (admin is null)
        {
            return;
        }

        WriteText(NativeJsonNames.Operation, admin.Operation, limits.TextLength);
        WriteText(NativeJsonNames.ResourceType, admin.ResourceType, limits.TextLength);
        WriteText(NativeJsonNames.ResourcePath, admin.ResourcePath, limits.TextLength);
        WriteText(NativeJsonNames.ResourceId, admin.ResourceId, limits.TextLength);
        WriteText(NativeJsonNames.ResourceName, admin.ResourceName, limits.TextLength);
        WriteDetails(NativeJsonNames.ResourceValues, admin.Values, limits.DetailLength);
        if (!includeRepresentation || !limits.Representation || admin.Representation is not { } representation)
        {
            return;
        }

        // The redactor writes compact JSON, or a note in words where it was none.
        if (representation.StartsWith('{') || representation.StartsWith('['))
        {
            writer.WritePropertyName(NativeJsonNames.Representation);
            writer.WriteRawValue(representation, skipInputValidation: true);
        }
        else
        {
            writer.WriteString(NativeJsonNames.Representation, representation);
        }
    }

    private void WriteText(JsonEncodedText name, string? text, int length)
    {
        if (!string.IsNullOrEmpty(text))
        {
            writer.WriteString(name, Texts.Cut(text, length));
        }
    }

    private void WriteInstant(JsonEncodedText name, DateTimeOffset instant)
    {
        Span<byte> text = stackalloc byte[Instants.MillisecondsLength];
        Instants.Format(instant, text);
        writer.WriteString(name, text);
    }

    private void WriteMark(JsonEncodedText name, bool isSet)
    {
        if (isSet)
        {
            writer.WriteBoolean(name, true);
        }
    }

    private static ReadOnlySpan<byte> Kind(EventKind kind) => kind switch
    {
        EventKind.User => "user"u8,
        EventKind.Admin => "admin"u8,
        EventKind.Application => "application"u8,
        _ => "operational"u8,
    };
}
