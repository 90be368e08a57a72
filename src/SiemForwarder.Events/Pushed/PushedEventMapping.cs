using SiemForwarder.Events.Applications;
using SiemForwarder.Events.Keycloak;

namespace SiemForwarder.Events.Pushed;

/// <summary>Maps an event that was pushed, or that the forwarder raised about itself, to the normalized record; any type name passes.</summary>
internal static class PushedEventMapping
{
    internal static readonly string[] EcsCategories = ["authentication", "iam", "configuration", "session", "api"];

    public static SecurityEvent Map(in PushedEvent pushed, in EventOrigin place, EventKind kind, bool isReadable)
    {
        var origin = place.InRealm(pushed.Realm);
        var type = string.IsNullOrEmpty(pushed.Type) ? EventOrigin.UnknownType : pushed.Type;
        var description = Describe(pushed, type, kind);
        var outcome = !isReadable ? EventOutcome.Unknown : Outcome(pushed.Outcome, type, description);
        var severity = outcome == EventOutcome.Failure ? description.FailureSeverity : description.Severity;
        var subject = Party(pushed.SubjectId, pushed.Subject, origin.Source.Realm, null);
        return new SecurityEvent
        {
            Id = origin.IdOr(pushed.Id),
            Kind = kind,
            Type = type,
            Description = description,
            OccurredAt = origin.At(pushed.Time),
            ReceivedAt = origin.ReceivedAt,
            Outcome = outcome,
            Severity = (int)Math.Clamp(pushed.Severity ?? severity, 0, 10),
            Source = origin.Source,
            Position = origin.Position,
            Reason = pushed.Reason,
            RealmId = pushed.RealmId,
            Actor = Party(pushed.RequestorId, pushed.Requestor, pushed.RequestorRealm ?? origin.Source.Realm, pushed.ClientId) ?? subject,
            Subject = subject,
            ClientId = pushed.ClientId,
            SessionId = pushed.SessionId,
            TransactionId = pushed.TransactionId,
            IpAddress = pushed.IpAddress,
            Location = pushed.Location,
            Admin = Resource(pushed, description),
            Details = pushed.Details,
            IsTest = pushed.IsTest,
            Raw = origin.Raw,
        };
    }

    private static EventDescription Describe(in PushedEvent pushed, string type, EventKind kind)
    {
        if (kind == EventKind.Detection)
        {
            return DetectionEvents.Describe(pushed.Details);
        }

        if ((KeycloakEventCatalog.FindUser(type) ?? ApplicationEventCatalog.Find(type)) is { } known)
        {
            return known;
        }

        var category = Array.IndexOf(EcsCategories, pushed.Category) >= 0 ? pushed.Category! : kind == EventKind.Operational ? "configuration" : Category(type);
        return new EventDescription
        {
            Name = pushed.Name ?? TypeNames.Sentence(type),
            Category = category,
            Type = type,
            Kind = kind,
            Summary = "An event under a name that its sender chose.",
            Classification = EventClassification.Unclassified with { EcsCategories = [category] },
            Severity = 3,
            FailureSeverity = 5,
            StoredByDefault = true,
            IsKnown = false,
        };
    }

    private static string Category(string type) =>
        StartsWithAny(type, "account", "user", "identity", "group", "role", "entitlement") ? "iam"
        : StartsWithAny(type, "login", "logout", "auth", "session", "mfa", "password") ? "authentication"
        : "api";

    private static bool StartsWithAny(string type, params ReadOnlySpan<string> beginnings)
    {
        foreach (var beginning in beginnings)
        {
            if (type.StartsWith(beginning, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    private static EventOutcome Outcome(string? outcome, string type, EventDescription description) =>
        string.Equals(outcome, "success", StringComparison.OrdinalIgnoreCase) ? EventOutcome.Success
        : string.Equals(outcome, "failure", StringComparison.OrdinalIgnoreCase) || type.EndsWith(KeycloakEventCatalog.ErrorSuffix, StringComparison.Ordinal)
            ? EventOutcome.Failure
        : description.IsKnown && outcome is null ? description.UsualOutcome ?? EventOutcome.Success
        : EventOutcome.Unknown;

    private static AdminAction? Resource(in PushedEvent pushed, EventDescription description) =>
        (pushed.Operation ?? pushed.ResourceType ?? pushed.ResourcePath ?? pushed.ResourceId ?? pushed.ResourceName ?? pushed.Representation) is null
            ? null
            : new AdminAction(pushed.Operation ?? "", pushed.ResourceType ?? description.ObjectType ?? "", pushed.ResourcePath ?? "", pushed.ResourceId,
                pushed.Representation)
            {
                ResourceName = pushed.ResourceName,
            };

    private static EventParty? Party(string? id, string? name, string? realm, string? clientId) =>
        id is null && name is null ? null : new EventParty(id, name, null, realm, clientId);
}
