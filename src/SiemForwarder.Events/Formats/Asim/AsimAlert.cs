using System.Globalization;
using SiemForwarder.Events.Addresses;
using SiemForwarder.Events.Formats.Json;
using SiemForwarder.Events.Keycloak;

namespace SiemForwarder.Events.Formats.Asim;

/// <summary>Writes the fields of ASIM's Alert Event: the rule, the techniques, and the user or address that it is about.</summary>
/// <remarks>The schema has one user and one address, that of the device (<c>DvcIpAddr</c>); the rest is in <c>AdditionalFields</c>.</remarks>
internal static class AsimAlert
{
    private const int MaxListLength = 512;
    private const int PercentPerSeverity = 10;

    /// <summary>When the first of the contributing events happened, and the last.</summary>
    public static (DateTimeOffset Start, DateTimeOffset End) Span(SecurityEvent alert) =>
        (At(alert, DetectionEvents.FirstAt), At(alert, DetectionEvents.LastAt));

    public static void Write(SecurityEvent alert, JsonMembers json)
    {
        var details = alert.Details;
        var title = EventDetails.Find(details, DetectionEvents.RuleTitle);
        json.Text("EventSubType"u8, "Suspicious Activity"u8);
        json.Text("EventOriginalSeverity"u8, EventDetails.Find(details, DetectionEvents.RuleLevel), Worth.Context);
        json.Text("AlertName"u8, title, Worth.Core);
        json.Text("AlertStatus"u8, "Active"u8, Worth.Caption);
        json.Text("DetectionMethod"u8, "Other"u8, Worth.Caption);
        json.Text("RuleName"u8, title, Worth.Context);
        json.Text("RuleDescription"u8, EventDetails.Find(details, DetectionEvents.RuleDescription), Worth.Context);
        json.Number("ThreatRiskLevel"u8, alert.Severity * PercentPerSeverity, Worth.Context);
        Span<char> text = stackalloc char[MaxListLength];
        json.Text("AttackTactics"u8, text[..Words(EventDetails.Find(details, DetectionEvents.Tactics), text, areNames: true)], Worth.Core);
        json.Text("AttackTechniques"u8, text[..Words(EventDetails.Find(details, DetectionEvents.Techniques), text, areNames: false)], Worth.Core);
        WriteWho(alert, json);
    }

    private static void WriteWho(SecurityEvent alert, JsonMembers json)
    {
        var party = alert.Subject ?? alert.Actor;
        json.Text("Username"u8, party?.Name ?? party?.Id, Worth.Core);
        json.Text("UserId"u8, party?.Id, Worth.Core);
        json.Text("UserSessionId"u8, alert.SessionId);
        var literal = IpLiteral.Read(alert.IpAddress, stackalloc char[IpLiteral.MaxTextLength]);
        if (literal.IsAddress)
        {
            json.Address("DvcIpAddr"u8, literal.Text);
        }
        else
        {
            json.Text("DvcHostname"u8, alert.IpAddress, Worth.Core);
        }

        ReadOnlySpan<byte> indicator = party is not null ? "User"u8 : literal.IsAddress ? "Ip"u8 : alert.ClientId is not null ? "Application"u8 : [];
        if (!indicator.IsEmpty)
        {
            json.Text("IndicatorType"u8, indicator, Worth.Context);
        }
    }

    private static DateTimeOffset At(SecurityEvent alert, string detail) => DateTimeOffset.TryParse(
        EventDetails.Find(alert.Details, detail), CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var at) ? at : alert.OccurredAt;

    // "credential-access,impact" as the schema prefers it: "Credential Access, Impact"; what does not fit is left out.
    private static int Words(ReadOnlySpan<char> list, Span<char> text, bool areNames)
    {
        var length = 0;
        var isFirst = true;
        foreach (var letter in list)
        {
            if (length + 2 > text.Length)
            {
                break;
            }

            text[length++] = areNames && letter == '-' ? ' ' : areNames && isFirst ? char.ToUpperInvariant(letter) : letter;
            isFirst = letter is '-' or ',';
            if (letter == ',')
            {
                text[length++] = ' ';
            }
        }

        return length;
    }
}
