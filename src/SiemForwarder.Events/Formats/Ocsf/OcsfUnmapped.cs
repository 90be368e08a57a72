using SiemForwarder.Events.Formats.Json;
using SiemForwarder.Events.Formats.Native;

namespace SiemForwarder.Events.Formats.Ocsf;

/// <summary>Writes <c>unmapped</c>: what OCSF has no attribute for.</summary>
internal static class OcsfUnmapped
{
    public static void Write(SecurityEvent securityEvent, JsonMembers json, in TruncationStep limits)
    {
        json.Open("unmapped"u8);
        if (!limits.OnlyIdentity)
        {
            json.Identity("signature_id"u8, securityEvent.SignatureId);
            json.Text("source"u8, securityEvent.Source.Name);
            json.Text("realm_id"u8, securityEvent.RealmId);
            json.Text("operation"u8, securityEvent.Admin?.Operation);
            json.Text("resource_type"u8, securityEvent.Admin?.ResourceType);
            json.Text("resource_path"u8, securityEvent.Admin?.ResourcePath);
            if (securityEvent.Kind == EventKind.User && !ReferenceEquals(securityEvent.Actor, securityEvent.Subject))
            {
                // The class of what was done to a client has no place for the user in whose session it was done.
                json.Text("subject_id"u8, securityEvent.Subject?.Id);
                json.Text("subject"u8, securityEvent.Subject?.Name);
            }

            json.Details("resource_values"u8, securityEvent.Admin?.Values ?? [], limits.DetailLength);
            json.Details("details"u8, securityEvent.Details, limits.DetailLength);
        }

        json.Mark("deprecated_duplicate"u8, securityEvent.IsDeprecatedDuplicate);
        json.Mark("test"u8, securityEvent.IsTest);
        json.Close();
    }
}
