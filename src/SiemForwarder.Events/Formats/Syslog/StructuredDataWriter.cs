using System.Text;
using SiemForwarder.Events.Formats.Text;
using SiemForwarder.Events.Keycloak;

namespace SiemForwarder.Events.Formats.Syslog;

/// <summary>Writes the SD element <c>[keycloak@PEN id="…" type="…" …]</c> (RFC 5424 section 6.3).</summary>
internal sealed class StructuredDataWriter(int enterpriseNumber, InvisibleCharacters invisible)
{
    private const int IdentityLength = 128;
    private const int ScarceIdentityLength = 64;

    private readonly EscapeRules rules = EscapeRules.StructuredDataValue.For(invisible);
    private readonly byte[] beginning = Encoding.ASCII.GetBytes($"[keycloak@{enterpriseNumber}");

    /// <summary>Appends the element; a value longer than <paramref name="valueLength"/> UTF-16 units is cut, and the element is marked as truncated.</summary>
    public void Append(SecurityEvent securityEvent, Utf8Buffer output, int valueLength)
    {
        var actor = securityEvent.Actor;
        var subject = securityEvent.Subject;
        var cut = false;
        var identityLength = valueLength == 0 ? ScarceIdentityLength : IdentityLength;
        output.Append(beginning);
        AppendValue(output, " id=\""u8, securityEvent.Id, identityLength, ref cut);
        AppendValue(output, " type=\""u8, securityEvent.Type, identityLength, ref cut);
        AppendValue(output, " signatureId=\""u8, securityEvent.Description.SignatureId, identityLength, ref cut);
        AppendValue(output, " realm=\""u8, securityEvent.Source.Realm, valueLength, ref cut);
        AppendValue(output, " clientId=\""u8, securityEvent.ClientId, valueLength, ref cut);
        AppendValue(output, " userId=\""u8, actor?.Id, valueLength, ref cut);
        AppendValue(output, " username=\""u8, actor?.Name, valueLength, ref cut);
        if (!ReferenceEquals(actor, subject))
        {
            AppendValue(output, " subjectId=\""u8, subject?.Id, valueLength, ref cut);
            AppendValue(output, " subject=\""u8, subject?.Name, valueLength, ref cut);
        }

        AppendValue(output, " ip=\""u8, securityEvent.IpAddress, valueLength, ref cut);
        output.Append(" outcome=\""u8);
        output.Append(Texts.Outcome(securityEvent.Outcome));
        output.Append((byte)'"');
        AppendValue(output, " error=\""u8, securityEvent.Reason, valueLength, ref cut);
        AppendValue(output, " resourcePath=\""u8, securityEvent.Admin?.ResourcePath, valueLength, ref cut);
        AppendMark(output, " deprecatedDuplicate=\"true\""u8, securityEvent.IsDeprecatedDuplicate);
        AppendMark(output, " test=\"true\""u8, securityEvent.IsTest);
        AppendValue(output, " rehearsalId=\""u8, EventDetails.Find(securityEvent.Details, RehearsalMark.IdDetail), valueLength, ref cut);
        AppendMark(output, " truncated=\"true\""u8, cut);
        output.Append((byte)']');
    }

    private void AppendValue(Utf8Buffer output, ReadOnlySpan<byte> beginning, string? value, int length, ref bool cut)
    {
        if (string.IsNullOrEmpty(value))
        {
            return;
        }

        var text = rules.Cut(value, length);
        cut |= text.Length < value.Length;
        if (length == 0)
        {
            return;
        }

        output.Append(beginning);
        rules.Append(output, text);
        output.Append((byte)'"');
    }

    private static void AppendMark(Utf8Buffer output, ReadOnlySpan<byte> mark, bool isSet)
    {
        if (isSet)
        {
            output.Append(mark);
        }
    }
}
