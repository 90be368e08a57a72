using SiemForwarder.Events.Formats.Json;

namespace SiemForwarder.Events.Formats.Ocsf;

/// <summary>Writes <c>unmapped</c>: data that OCSF has no attribute for.</summary>
internal static class OcsfUnmapped
{
    public static void Write(SecurityEvent securityEvent, JsonMembers json, bool includeRepresentation)
    {
        json.Open("unmapped"u8);
        if (!json.IsScarce)
        {
            json.Identity("signature_id"u8, securityEvent.SignatureId);
            json.Text("source"u8, securityEvent.Source.Name, Worth.Unmapped);
            json.Text("realm_id"u8, securityEvent.RealmId, Worth.Unmapped);
            json.Text("operation"u8, securityEvent.Admin?.Operation, Worth.Unmapped);
            json.Text("resource_type"u8, securityEvent.Admin?.ResourceType, Worth.Unmapped);
            json.Text("resource_path"u8, securityEvent.Admin?.ResourcePath, Worth.Unmapped);
            if (securityEvent.Kind == EventKind.User && !ReferenceEquals(securityEvent.Actor, securityEvent.Subject))
            {
                // The class of an action on a client has no place for the user in whose session it happened.
                json.Text("subject_id"u8, securityEvent.Subject?.Id);
                json.Text("subject"u8, securityEvent.Subject?.Name);
            }

            json.Details("resource_values"u8, securityEvent.Admin?.Values ?? []);
            json.Details("details"u8, securityEvent.Details);
            json.Text("representation"u8, includeRepresentation ? securityEvent.Admin?.Representation : null, Worth.Representation);
        }

        json.Mark("deprecated_duplicate"u8, securityEvent.IsDeprecatedDuplicate);
        json.Mark("test"u8, securityEvent.IsTest);
        json.Close();
    }
}
