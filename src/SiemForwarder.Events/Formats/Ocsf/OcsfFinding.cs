using SiemForwarder.Events.Addresses;
using SiemForwarder.Events.Formats.Json;
using SiemForwarder.Events.Keycloak;

namespace SiemForwarder.Events.Formats.Ocsf;

/// <summary>Writes the attributes of class 2004 Detection Finding: what was found by which rule, and the evidence (ocsf-schema, events/findings).</summary>
internal static class OcsfFinding
{
    private const int Rule = 1;

    public static void Write(SecurityEvent securityEvent, JsonMembers json)
    {
        var details = securityEvent.Details;
        json.Open("finding_info"u8);
        json.Identity("uid"u8, securityEvent.Id);
        if (!json.IsScarce)
        {
            json.Text("title"u8, securityEvent.Description.Name, Worth.Core);
            json.Text("desc"u8, EventDetails.Find(details, DetectionEvents.RuleDescription), Worth.Context);
            json.Open("analytic"u8);
            json.Number("type_id"u8, Rule);
            json.Text("type"u8, "Rule"u8, Worth.Caption);
            json.Text("uid"u8, EventDetails.Find(details, DetectionEvents.RuleId), Worth.Core);
            json.Text("name"u8, EventDetails.Find(details, DetectionEvents.RuleTitle));
            json.Text("version"u8, EventDetails.Find(details, DetectionEvents.RuleVersion), Worth.Context);
            json.Close();
            WriteAttacks(EventDetails.Find(details, DetectionEvents.Techniques), json);
        }

        json.Close();
        json.Mark("is_alert"u8, true);
        if (!json.IsScarce)
        {
            WriteEvidence(securityEvent, json);
            WriteObservables(securityEvent, json);
        }
    }

    private static void WriteAttacks(ReadOnlySpan<char> techniques, JsonMembers json)
    {
        json.OpenList("attacks"u8, Worth.Fact);
        foreach (var range in techniques.Split(','))
        {
            if (!techniques[range].IsEmpty)
            {
                json.OpenItem();
                json.Open("technique"u8);
                json.Text("uid"u8, techniques[range]);
                json.Close();
                json.Close();
            }
        }

        json.Close();
    }

    // An evidence must have one of these at least.
    private static void WriteEvidence(SecurityEvent securityEvent, JsonMembers json)
    {
        if (string.IsNullOrEmpty(securityEvent.IpAddress) && securityEvent.Subject is null)
        {
            return;
        }

        json.OpenList("evidences"u8);
        json.OpenItem();
        if (securityEvent.Subject is { } user)
        {
            json.Open("user"u8);
            OcsfParties.WriteUser(user, "unknown", isAdministrator: false, json);
            json.Close();
        }

        if (!string.IsNullOrEmpty(securityEvent.IpAddress))
        {
            OcsfParties.WriteSource(securityEvent.IpAddress, securityEvent.Location, isRequired: false, json);
        }

        json.Close();
        json.Close();
    }

    private static void WriteObservables(SecurityEvent securityEvent, JsonMembers json)
    {
        var address = IpLiteral.Read(securityEvent.IpAddress, stackalloc char[IpLiteral.MaxTextLength]);
        json.OpenList("observables"u8, Worth.Repetition);
        OcsfObservables.Write("evidences[0].src_endpoint.ip"u8, 2, address.IsAddress ? address.Text : [], json);
        OcsfObservables.Write("evidences[0].user.name"u8, 4, securityEvent.Subject?.Name, json);
        OcsfObservables.Write("evidences[0].user.uid"u8, 31, securityEvent.Subject?.Id, json);
        json.Close();
    }
}
