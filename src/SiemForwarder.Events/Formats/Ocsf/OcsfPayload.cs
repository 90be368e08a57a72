using SiemForwarder.Events.Formats.Cef;
using SiemForwarder.Events.Formats.Json;
using SiemForwarder.Events.Keycloak;

namespace SiemForwarder.Events.Formats.Ocsf;

/// <summary>Writes OCSF 1.8.0 or 1.9.0 (ocsf/ocsf-schema); whatever a class has no attribute for goes under <c>unmapped</c>.</summary>
internal sealed class OcsfPayload(bool isVersion19, bool includeRepresentation) : JsonPayload
{
    private readonly char[] message = new char[EventSummary.Length];

    protected override void Write(SecurityEvent securityEvent, JsonMembers json)
    {
        var classification = securityEvent.Description.Classification;
        var activity = isVersion19 ? classification.Ocsf19 : classification.Ocsf18;
        json.Number("class_uid"u8, activity.ClassUid);
        json.Number("category_uid"u8, OcsfClasses.Category(activity.ClassUid));
        json.Number("activity_id"u8, activity.ActivityId);
        WriteActivityName(activity, json);
        json.Number("type_uid"u8, activity.TypeUid);
        var severity = SeverityId(securityEvent.Severity);
        json.Number("severity_id"u8, severity);
        // The status of a finding is its review, not an outcome: 1 is New.
        var isFinding = activity.ClassUid == OcsfClasses.DetectionFinding;
        json.Number("status_id"u8, isFinding ? 1 : securityEvent.Outcome switch { EventOutcome.Success => 1, EventOutcome.Failure => 2, _ => 0 });
        json.Number("time"u8, securityEvent.OccurredAt.ToUnixTimeMilliseconds());
        OcsfMetadata.Write(securityEvent, json, isVersion19);
        if (!json.IsScarce)
        {
            json.Text("class_name"u8, OcsfClasses.Name(activity.ClassUid), Worth.Caption);
            json.Text("category_name"u8, OcsfClasses.CategoryName(activity.ClassUid), Worth.Caption);
            json.Text(
                "severity"u8, severity switch { 1 => "Informational"u8, 2 => "Low"u8, 3 => "Medium"u8, 4 => "High"u8, _ => "Critical"u8 }, Worth.Caption);
            json.Text("status"u8, Status(isFinding, securityEvent.Outcome), Worth.Caption);
            json.Text("status_code"u8, isFinding ? null : securityEvent.Reason);
            json.Text("status_detail"u8, EventDetails.Find(securityEvent.Details, "reason"));
            json.Text("message"u8, EventSummary.Compose(securityEvent, message), Worth.Message);
        }

        if (isFinding)
        {
            OcsfFinding.Write(securityEvent, json);
            OcsfUnmapped.Write(securityEvent, json, includeRepresentation);
            return;
        }

        OcsfParties.Write(securityEvent, activity, json);
        OcsfTargets.Write(securityEvent, activity, json, isVersion19, includeRepresentation);
        if (activity.ClassUid == OcsfClasses.Authentication)
        {
            OcsfAuthentication.Write(securityEvent, activity, json);
        }

        if (!json.IsScarce)
        {
            OcsfObservables.Write(securityEvent, activity, isVersion19, json);
        }

        // Only the entity class has a place for it.
        OcsfUnmapped.Write(securityEvent, json, includeRepresentation && activity.ClassUid != OcsfClasses.EntityManagement);
    }

    private static ReadOnlySpan<byte> Status(bool isFinding, EventOutcome outcome) => isFinding ? "New"u8 : outcome switch
    {
        EventOutcome.Success => "Success"u8,
        EventOutcome.Failure => "Failure"u8,
        _ => "Unknown"u8,
    };

    // Only its name identifies a custom activity (OCSF base event: required if activity_id is 99).
    private static void WriteActivityName(OcsfActivity activity, JsonMembers json)
    {
        if (activity.ActivityId == OcsfClasses.Other)
        {
            json.Identity("activity_name"u8, OcsfClasses.Activity(activity));
        }
        else
        {
            json.Text("activity_name"u8, OcsfClasses.Activity(activity), Worth.Caption);
        }
    }

    private static int SeverityId(int severity) => severity switch { <= 1 => 1, <= 3 => 2, <= 6 => 3, <= 8 => 4, _ => 5 };
}
