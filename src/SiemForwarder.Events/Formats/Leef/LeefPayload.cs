using System.Text;
using SiemForwarder.Events.Addresses;
using SiemForwarder.Events.Formats.Cef;
using SiemForwarder.Events.Formats.Text;
using SiemForwarder.Events.Keycloak;

namespace SiemForwarder.Events.Formats.Leef;

/// <summary>Writes LEEF:2.0 with tab-separated attributes (IBM, "Log Event Extended Format (LEEF) version 2").</summary>
/// <remarks>
/// LEEF has no escapes: characters that would end a field become spaces, and an invisible character is replaced with the text that names it. Keys not
/// defined by IBM consist of letters and digits.
/// </remarks>
internal sealed class LeefPayload(string productVersion, InvisibleCharacters invisible) : IEventPayload
{
    private const int EventIdLength = 255;
    private const int ScarceEventIdLength = 64;
    private const int ScarceValueLength = 128;
    private const int NameLength = 255;
    private const int TextLength = 1023;

    private static readonly int MarkBytes = "\ttruncated=true"u8.Length;

    private readonly EscapeRules headerRules = EscapeRules.LeefHeader.For(invisible);
    private readonly EscapeRules valueRules = EscapeRules.LeefValue.For(invisible);
    private readonly byte[] beginning = Beginning(productVersion);
    private readonly char[] message = new char[EventSummary.Length];

    public void Append(SecurityEvent securityEvent, Utf8Buffer output, int maxBytes)
    {
        var start = output.Length;
        AppendHeader(securityEvent.SignatureId, output, EventIdLength);
        AppendAttributes(securityEvent, output, new LeefAttributes(output, valueRules, int.MaxValue, int.MaxValue));
        if (output.Length - start <= maxBytes)
        {
            return;
        }

        // Too long: every value is cut, and attributes that still do not fit are omitted.
        output.Truncate(start);
        AppendHeader(securityEvent.SignatureId, output, ScarceEventIdLength);
        AppendAttributes(securityEvent, output, new LeefAttributes(output, valueRules, start + maxBytes - MarkBytes, ScarceValueLength));
    }

    private static byte[] Beginning(string productVersion)
    {
        const int VersionLength = 31;
        var buffer = new Utf8Buffer();
        buffer.Append(Encoding.ASCII.GetBytes($"LEEF:2.0|{EventFormatCatalog.Vendor}|{EventFormatCatalog.Product}|"));
        EscapeRules.LeefHeader.Append(buffer, Texts.Cut(productVersion, VersionLength));
        buffer.Append((byte)'|');
        return buffer.Written.ToArray();
    }

    private void AppendHeader(string signatureId, Utf8Buffer output, int eventIdLength)
    {
        output.Append(beginning);
        headerRules.Append(output, headerRules.Cut(signatureId, eventIdLength));
        output.Append("|x09|"u8);
    }

    private void AppendAttributes(SecurityEvent securityEvent, Utf8Buffer output, LeefAttributes attributes)
    {
        attributes.Add("devTime"u8, securityEvent.OccurredAt.ToUnixTimeMilliseconds());
        attributes.Add("cat"u8, securityEvent.Description.Category, NameLength);
        attributes.Add("sev"u8, Math.Clamp(securityEvent.Severity, 1, 10));
        attributes.Add("eventId"u8, securityEvent.Id, NameLength);
        attributes.Add("outcome"u8, Texts.Outcome(securityEvent.Outcome));
        attributes.AddMark("test"u8, securityEvent.IsTest);
        attributes.AddMark("deprecatedDuplicate"u8, securityEvent.IsDeprecatedDuplicate);
        AppendAddress("src"u8, "srcName"u8, "srcPort"u8, securityEvent.IpAddress, ref attributes);
        AppendAddress("dst"u8, "dstName"u8, [], securityEvent.Source.Host, ref attributes);
        // A lockout contains no name.
        attributes.Add("usrName"u8, securityEvent.Subject?.Name ?? securityEvent.Subject?.Id, NameLength);
        attributes.Add("accountName"u8, securityEvent.Subject?.Id, NameLength);
        attributes.Add("realm"u8, securityEvent.Source.Realm, NameLength);
        attributes.Add("resource"u8, securityEvent.ClientId, TextLength);
        attributes.Add("reason"u8, securityEvent.Reason, TextLength);
        attributes.Add("actorName"u8, securityEvent.Actor?.Name, NameLength);
        attributes.Add("actorId"u8, securityEvent.Actor?.Id, NameLength);
        attributes.Add("sessionId"u8, securityEvent.SessionId, NameLength);
        attributes.Add("clientId"u8, securityEvent.ClientId, TextLength);
        AppendAdmin(securityEvent.Admin, ref attributes);
        attributes.Add("url"u8, Texts.WithoutQuery(EventDetails.Find(securityEvent.Details, "redirect_uri")), TextLength);
        attributes.Add("srcCity"u8, securityEvent.Location?.City, NameLength);
        attributes.Add("srcRegion"u8, securityEvent.Location?.Region, NameLength);
        attributes.Add("srcCountry"u8, securityEvent.Location?.Country, NameLength);
        attributes.Add("msg"u8, EventSummary.Compose(securityEvent, message), TextLength);
        AppendOwn(securityEvent, ref attributes);
        if (attributes.HasCut)
        {
            output.Append("\ttruncated=true"u8);
        }
    }

    private static void AppendOwn(SecurityEvent securityEvent, ref LeefAttributes attributes)
    {
        attributes.Add(OwnFields.ResourceName.Leef, securityEvent.Admin?.ResourceName, TextLength);
        attributes.Add(OwnFields.ResourceId.Leef, securityEvent.Admin?.ResourceId, NameLength);
        for (var index = 0; index < securityEvent.Details.Count; index++)
        {
            var detail = securityEvent.Details[index];
            if (OwnFields.FindDetail(detail.Key) is { } field)
            {
                attributes.Add(field.Leef, detail.Value, TextLength);
            }
        }

        for (var index = 0; index < securityEvent.Admin?.Values.Count; index++)
        {
            var value = securityEvent.Admin.Values[index];
            if (OwnFields.FindValue(value.Key) is { } field)
            {
                attributes.Add(field.Leef, value.Value, TextLength);
            }
        }
    }

    private static void AppendAdmin(AdminAction? admin, ref LeefAttributes attributes)
    {
        if (admin is null)
        {
            return;
        }

        var isRoleMapping = admin.ResourceType is "REALM_ROLE_MAPPING" or "CLIENT_ROLE_MAPPING";
        var isGroup = admin.ResourceType is "GROUP" or "GROUP_MEMBERSHIP" or "ORGANIZATION_GROUP" or "ORGANIZATION_GROUP_MEMBERSHIP";
        attributes.Add("role"u8, isRoleMapping ? admin.ResourceName : null, TextLength);
        attributes.Add("groupID"u8, isGroup ? admin.ResourceId : null, NameLength);
        attributes.Add("resourcePath"u8, admin.ResourcePath, TextLength);
    }

    // QRadar accepts only addresses in src and dst.
    private static void AppendAddress(
        scoped ReadOnlySpan<byte> key, scoped ReadOnlySpan<byte> nameKey, scoped ReadOnlySpan<byte> portKey, string? address, ref LeefAttributes attributes)
    {
        if (string.IsNullOrEmpty(address))
        {
            return;
        }

        var literal = IpLiteral.Read(address, stackalloc char[IpLiteral.MaxTextLength]);
        attributes.Add(literal.IsAddress ? key : nameKey, literal.Text, NameLength);
        if (literal.Port is { } port && !portKey.IsEmpty)
        {
            attributes.Add(portKey, port);
        }
    }
}
