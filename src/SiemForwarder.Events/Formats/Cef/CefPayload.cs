using System.Text;
using SiemForwarder.Events.Addresses;
using SiemForwarder.Events.Bytes;
using SiemForwarder.Events.Formats.Text;
using SiemForwarder.Events.Keycloak;

namespace SiemForwarder.Events.Formats.Cef;

/// <summary>Writes CEF:0 (OpenText CEF Implementation Standard v27), using the keys that Microsoft's CommonSecurityLog maps.</summary>
internal sealed class CefPayload(string productVersion, InvisibleCharacters invisible) : IEventPayload
{
    private const int ClassIdLength = 1023;
    private const int NameLength = 512;
    private const int ScarceClassIdLength = 64;
    private const int ScarceValueLength = 128;

    private static readonly int MarkBytes = " cn1Label=truncated cn1=1"u8.Length;

    private readonly EscapeRules headerRules = EscapeRules.CefHeader.For(invisible);
    private readonly EscapeRules valueRules = EscapeRules.CefValue.For(invisible);
    private readonly byte[] beginning = Beginning(productVersion);
    private readonly char[] message = new char[EventSummary.Length];

    public void Append(SecurityEvent securityEvent, Utf8Buffer output, int maxBytes)
    {
        var start = output.Length;
        AppendHeader(securityEvent, output, ClassIdLength, NameLength);
        AppendPairs(securityEvent, output, new CefExtension(output, valueRules), isWhole: true);
        if (output.Length - start <= maxBytes)
        {
            return;
        }

        // Too long: every value is cut, and pairs that still do not fit are omitted.
        output.Truncate(start);
        AppendHeader(securityEvent, output, ScarceClassIdLength, ScarceClassIdLength);
        AppendPairs(securityEvent, output, new CefExtension(output, valueRules, start + maxBytes - MarkBytes, ScarceValueLength), isWhole: false);
    }

    private static byte[] Beginning(string productVersion)
    {
        const int VersionLength = 31;
        var buffer = new Utf8Buffer();
        buffer.Append(Encoding.ASCII.GetBytes($"CEF:0|{EventFormatCatalog.Vendor}|{EventFormatCatalog.Product}|"));
        EscapeRules.CefHeader.Append(buffer, Texts.Cut(productVersion, VersionLength));
        buffer.Append((byte)'|');
        return buffer.Written.ToArray();
    }

    private void AppendHeader(SecurityEvent securityEvent, Utf8Buffer output, int classIdLength, int nameLength)
    {
        output.Append(beginning);
        headerRules.Append(output, headerRules.Cut(securityEvent.SignatureId, classIdLength));
        output.Append((byte)'|');
        headerRules.Append(output, headerRules.Cut(securityEvent.Description.Name, nameLength));
        output.Append((byte)'|');
        output.AppendNumber(Math.Clamp(securityEvent.Severity, 0, 10));
        output.Append((byte)'|');
    }

    private void AppendPairs(SecurityEvent securityEvent, Utf8Buffer output, CefExtension extension, bool isWhole)
    {
        var time = securityEvent.OccurredAt.ToUnixTimeMilliseconds();
        extension.Add(" rt="u8, time);
        extension.Add(" start="u8, time);
        extension.Add(" end="u8, time);
        extension.Add(" externalId="u8, securityEvent.Id, 40);
        extension.Add(" cat="u8, securityEvent.Description.Category, 1023);
        extension.Add(" act="u8, securityEvent.Description.Classification.Action, 63);
        extension.Add(" outcome="u8, Texts.Outcome(securityEvent.Outcome));
        extension.Add(" reason="u8, securityEvent.Reason, 1023);
        extension.AddMark(" cn2Label=test cn2=1"u8, securityEvent.IsTest);
        extension.AddMark(" cn3Label=deprecatedDuplicate cn3=1"u8, securityEvent.IsDeprecatedDuplicate);
        AppendAddress(securityEvent.IpAddress, ref extension);
        AppendParties(securityEvent, ref extension);
        extension.Add(" dvchost="u8, securityEvent.Source.Host, 100);
        extension.Add(" dhost="u8, securityEvent.Source.Host, 1023);
        extension.Add(" deviceExternalId="u8, securityEvent.Source.Name, 255);
        AppendContext(securityEvent, ref extension);
        // CEF has no keys for locations; these two strings are what Microsoft's table retains besides the six.
        extension.Add(" flexString1Label=sourceCity flexString1="u8, securityEvent.Location?.City, 1023);
        extension.Add(" flexString2Label=sourceCountry flexString2="u8, securityEvent.Location?.Country, 1023);
        extension.Add(" msg="u8, EventSummary.Compose(securityEvent, message), 1023);
        AppendOwn(securityEvent, ref extension);
        if (!isWhole)
        {
            output.Append(" cn1Label=truncated cn1=1"u8);
        }
    }

    private static void AppendAddress(string? address, ref CefExtension extension)
    {
        if (string.IsNullOrEmpty(address))
        {
            return;
        }

        var literal = IpLiteral.Read(address, stackalloc char[IpLiteral.MaxTextLength]);
        switch (literal.Kind)
        {
            case AddressKind.IPv4:
                extension.Add(" src="u8, literal.Text, 15);
                break;
            case AddressKind.IPv6:
                extension.Add(" c6a2Label=Source IPv6 Address c6a2="u8, literal.Text, 45);
                break;
            default:
                extension.Add(" shost="u8, literal.Text, 1023);
                break;
        }

        if (literal.Port is { } port)
        {
            extension.Add(" spt="u8, port);
        }
    }

    private static void AppendParties(SecurityEvent securityEvent, ref CefExtension extension)
    {
        extension.Add(" suser="u8, securityEvent.Actor?.Name, 1023);
        extension.Add(" suid="u8, securityEvent.Actor?.Id, 1023);
        extension.Add(" sntdom="u8, securityEvent.Actor?.Realm, 255);
        // A lockout contains no name.
        extension.Add(" duser="u8, securityEvent.Subject?.Name ?? securityEvent.Subject?.Id, 1023);
        extension.Add(" duid="u8, securityEvent.Subject?.Id, 1023);
        extension.Add(" dpriv="u8, securityEvent.Admin is { ResourceType: "REALM_ROLE_MAPPING" or "CLIENT_ROLE_MAPPING" } grant ? grant.ResourceName : null,
            1023);
        extension.Add(" dntdom="u8, securityEvent.Subject?.Realm, 255);
    }

    private static void AppendContext(SecurityEvent securityEvent, ref CefExtension extension)
    {
        var details = ListSpan.Of(securityEvent.Details);
        var identityProvider = EventDetails.Find(details, "identity_provider");
        extension.Add(" app="u8, EventDetails.Find(details, "auth_method"), 31);
        extension.Add(" destinationServiceName="u8, securityEvent.ClientId, 1023);
        extension.Add(" sourceServiceName="u8, identityProvider, 1023);
        extension.Add(" request="u8, Texts.WithoutQuery(EventDetails.Find(details, "redirect_uri")), 1023);
        extension.Add(" cs1Label=realm cs1="u8, securityEvent.Source.Realm, 4000);
        if (securityEvent.ClientId is not null)
        {
            extension.Add(" cs2Label=clientId cs2="u8, securityEvent.ClientId, 4000);
        }
        else
        {
            extension.Add(" cs2Label=clientUuid cs2="u8, securityEvent.Actor?.ClientId, 4000);
        }

        extension.Add(" cs3Label=sessionId cs3="u8, securityEvent.SessionId, 4000);
        extension.Add(" cs4Label=authMethod cs4="u8, AuthMethod(details), 4000);
        extension.Add(" cs5Label=identityProvider cs5="u8, identityProvider, 4000);
        extension.Add(" cs6Label=resourcePath cs6="u8, securityEvent.Admin?.ResourcePath, 4000);
    }

    private static void AppendOwn(SecurityEvent securityEvent, ref CefExtension extension)
    {
        extension.Add(OwnFields.ResourceName.Cef, securityEvent.Admin?.ResourceName, 1023);
        extension.Add(OwnFields.ResourceId.Cef, securityEvent.Admin?.ResourceId, 1023);
        foreach (ref readonly var detail in ListSpan.Of(securityEvent.Details))
        {
            if (OwnFields.FindDetail(detail.Key) is { } field)
            {
                extension.Add(field.Cef, detail.Value, 1023);
            }
        }

        for (var index = 0; index < securityEvent.Admin?.Values.Count; index++)
        {
            var value = securityEvent.Admin.Values[index];
            if (OwnFields.FindValue(value.Key) is { } field)
            {
                extension.Add(field.Cef, value.Value, 1023);
            }
        }
    }

    private static string? AuthMethod(ReadOnlySpan<KeyValuePair<string, string>> details) =>
        EventDetails.Find(details, "grant_type") ?? EventDetails.Find(details, "auth_type") ?? EventDetails.Find(details, "credential_type");
}
