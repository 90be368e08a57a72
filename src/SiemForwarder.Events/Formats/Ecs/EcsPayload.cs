using SiemForwarder.Events.Formats.Cef;
using SiemForwarder.Events.Formats.Json;
using SiemForwarder.Events.Formats.Text;
using SiemForwarder.Events.Keycloak;

namespace SiemForwarder.Events.Formats.Ecs;

/// <summary>Writes ECS 9.4 (elastic/ecs v9.4.0); whatever ECS has no field for goes under <c>keycloak</c>, as in Elastic's own integration.</summary>
internal sealed class EcsPayload(string productVersion, bool includeRepresentation) : JsonPayload
{
    private readonly char[] message = new char[EventSummary.Length];

    protected override void Write(SecurityEvent securityEvent, JsonMembers json)
    {
        json.Instant("@timestamp"u8, securityEvent.OccurredAt);
        json.Open("ecs"u8);
        json.Text("version"u8, EcsSchema.Version);
        json.Close();
        WriteEvent(securityEvent, json);
        if (!json.IsScarce)
        {
            json.Text("message"u8, EventSummary.Compose(securityEvent, message), Worth.Message);
            EcsParties.Write(securityEvent, json);
            WritePlaces(securityEvent, json);
        }

        if (securityEvent.Kind == EventKind.Detection)
        {
            WriteRule(securityEvent, json);
        }

        KeycloakMembers.Write("keycloak"u8, securityEvent, json, includeRepresentation, includeLogin: true);
    }

    private static void WriteEvent(SecurityEvent securityEvent, JsonMembers json)
    {
        var classification = securityEvent.Description.Classification;
        json.Open("event"u8);
        json.Text("kind"u8, securityEvent.Kind == EventKind.Detection ? "alert"u8 : "event"u8);
        json.Identity("id"u8, securityEvent.Id);
        json.Identity("action"u8, securityEvent.Type);
        json.List("category"u8, classification.EcsCategories);
        WriteTypes(classification.EcsTypes, json);
        json.Text("outcome"u8, Texts.Outcome(securityEvent.Outcome));
        json.Text("dataset"u8, "keycloak.audit"u8);
        if (!json.IsScarce)
        {
            json.Text("code"u8, Code(securityEvent), Worth.Repetition);
            json.Text("reason"u8, securityEvent.Reason);
            json.Number("severity"u8, securityEvent.Severity);
            json.Text("provider"u8, "keycloak"u8, Worth.Caption);
            json.Text("module"u8, "keycloak"u8, Worth.Caption);
            json.Instant("created"u8, securityEvent.ReceivedAt, Worth.Unmapped);
        }

        json.Close();
    }

    private static string? Code(SecurityEvent securityEvent) => securityEvent.Kind switch
    {
        EventKind.Admin => securityEvent.Type,
        EventKind.Detection => null,
        _ => securityEvent.Reason,
    };

    private static void WriteRule(SecurityEvent securityEvent, JsonMembers json)
    {
        var details = securityEvent.Details;
        json.Open("rule"u8);
        json.Text("id"u8, EventDetails.Find(details, DetectionEvents.RuleId), Worth.Core);
        json.Text("name"u8, EventDetails.Find(details, DetectionEvents.RuleTitle), Worth.Core);
        json.Text("version"u8, EventDetails.Find(details, DetectionEvents.RuleVersion), Worth.Context);
        json.Text("description"u8, EventDetails.Find(details, DetectionEvents.RuleDescription), Worth.Context);
        json.Close();
        ReadOnlySpan<char> techniques = EventDetails.Find(details, DetectionEvents.Techniques);
        if (techniques.IsEmpty)
        {
            return;
        }

        json.Open("threat"u8);
        json.Text("framework"u8, "MITRE ATT&CK"u8, Worth.Caption);
        json.Open("technique"u8);
        WriteIds(techniques, areSubtechniques: false, json);
        json.Open("subtechnique"u8);
        WriteIds(techniques, areSubtechniques: true, json);
        json.Close();
        json.Close();
        json.Close();
    }

    // T1110.003 is a subtechnique of T1110 (ECS, threat.technique.subtechnique.id).
    private static void WriteIds(ReadOnlySpan<char> techniques, bool areSubtechniques, JsonMembers json)
    {
        json.OpenList("id"u8);
        foreach (var range in techniques.Split(','))
        {
            var technique = techniques[range];
            if (!technique.IsEmpty && technique.Contains('.') == areSubtechniques)
            {
                json.Item(technique);
            }
        }

        json.Close();
    }

    private void WritePlaces(SecurityEvent securityEvent, JsonMembers json)
    {
        json.Open("service"u8);
        json.Text("name"u8, "keycloak"u8, Worth.Caption);
        json.Text("type"u8, "keycloak"u8, Worth.Caption);
        json.Text("address"u8, securityEvent.Source.Host, Worth.Context);
        json.Close();
        json.Open("observer"u8);
        json.Text("vendor"u8, EventFormatCatalog.Vendor, Worth.Caption);
        json.Text("product"u8, EventFormatCatalog.Vendor, Worth.Caption);
        json.Text("version"u8, productVersion, Worth.Caption);
        json.Close();
        var redirect = EventDetails.Find(securityEvent.Details, "redirect_uri");
        WriteUrl(Texts.WithoutQuery(redirect), json);
        EcsRelated.Write(securityEvent, Texts.Host(redirect), json);
    }

    // Every category in ECS 9.4 allows the type "info", and Elastic's Keycloak dashboard counts by it (elastic/integrations, packages/keycloak).
    private static void WriteTypes(IReadOnlyList<string> types, JsonMembers json)
    {
        var isInfo = false;
        json.OpenList("type"u8);
        for (var index = 0; index < types.Count; index++)
        {
            json.Item(types[index], Worth.Core);
            isInfo |= types[index] == "info";
        }

        if (!isInfo)
        {
            json.Item("info"u8);
        }

        json.Close();
    }

    // The parts as produced by Elastic's uri_parts, except query and fragment, which carry codes and states.
    private static void WriteUrl(ReadOnlySpan<char> uri, JsonMembers json)
    {
        json.Open("url"u8);
        json.Text("original"u8, uri, Worth.Context);
        json.Text("domain"u8, Texts.Host(uri), Worth.Context);
        var scheme = uri.IndexOf("://");
        if (scheme > 0)
        {
            var authority = uri[(scheme + 3)..];
            var path = authority.IndexOf('/');
            json.Text("scheme"u8, uri[..scheme], Worth.Context);
            json.Text("path"u8, path < 0 ? [] : authority[path..], Worth.Context);
            json.Number("port"u8, Texts.Port(path < 0 ? authority : authority[..path]), Worth.Context);
        }

        json.Close();
    }
}
