using SiemForwarder.Events.Formats.Cef;
using SiemForwarder.Events.Formats.Json;
using SiemForwarder.Events.Formats.Native;
using SiemForwarder.Events.Formats.Text;
using SiemForwarder.Events.Keycloak;

namespace SiemForwarder.Events.Formats.Ecs;

/// <summary>Writes ECS 9.4 (elastic/ecs v9.4.0); what ECS has no field for stands under <c>keycloak</c>, as in Elastic's own integration.</summary>
internal sealed class EcsPayload(string productVersion, bool includeRepresentation) : JsonPayload
{
    private readonly char[] message = new char[EventSummary.Length];

    protected override void Write(SecurityEvent securityEvent, JsonMembers json, in TruncationStep limits)
    {
        json.Instant("@timestamp"u8, securityEvent.OccurredAt);
        json.Open("ecs"u8);
        json.Text("version"u8, EcsSchema.Version);
        json.Close();
        WriteEvent(securityEvent, json, limits.OnlyIdentity);
        if (!limits.OnlyIdentity)
        {
            json.Text("message"u8, EventSummary.Compose(securityEvent, message));
            EcsParties.Write(securityEvent, json);
            WritePlaces(securityEvent, json);
        }

        KeycloakMembers.Write("keycloak"u8, securityEvent, json, limits, includeRepresentation, IsShortened(limits));
    }

    private static void WriteEvent(SecurityEvent securityEvent, JsonMembers json, bool onlyIdentity)
    {
        var classification = securityEvent.Description.Classification;
        json.Open("event"u8);
        json.Text("kind"u8, "event"u8);
        json.Identity("id"u8, securityEvent.Id);
        json.Identity("action"u8, securityEvent.Type);
        json.List("category"u8, classification.EcsCategories);
        json.List("type"u8, classification.EcsTypes);
        json.Text("outcome"u8, Texts.Outcome(securityEvent.Outcome));
        json.Text("dataset"u8, "keycloak.audit"u8);
        if (!onlyIdentity)
        {
            json.Text("code"u8, securityEvent.Kind == EventKind.Admin ? securityEvent.Type : securityEvent.Reason);
            json.Text("reason"u8, securityEvent.Reason);
            json.Number("severity"u8, securityEvent.Severity);
            json.Text("provider"u8, "keycloak"u8);
            json.Text("module"u8, "keycloak"u8);
            json.Instant("created"u8, securityEvent.ReceivedAt);
        }

        json.Close();
    }

    private void WritePlaces(SecurityEvent securityEvent, JsonMembers json)
    {
        json.Open("service"u8);
        json.Text("name"u8, "keycloak"u8);
        json.Text("type"u8, "keycloak"u8);
        json.Text("address"u8, securityEvent.Source.Host);
        json.Close();
        json.Open("observer"u8);
        json.Text("vendor"u8, EventFormatCatalog.Vendor);
        json.Text("product"u8, EventFormatCatalog.Vendor);
        json.Text("version"u8, productVersion);
        json.Close();
        var redirect = EventDetails.Find(securityEvent.Details, "redirect_uri");
        var host = Texts.Host(redirect);
        if (redirect is { Length: > 0 })
        {
            json.Open("url"u8);
            json.Text("original"u8, Texts.WithoutQuery(redirect));
            json.Text("domain"u8, host);
            json.Close();
        }

        EcsRelated.Write(securityEvent, host, json);
    }
}
