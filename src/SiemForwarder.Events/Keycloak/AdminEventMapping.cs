using SiemForwarder.Events.Json;

namespace SiemForwarder.Events.Keycloak;

/// <summary>Maps an admin event to the normalized record.</summary>
internal static class AdminEventMapping
{
    private const int AdminRoleSeverity = 8;

    public static SecurityEvent Map(in KeycloakEvent adminEvent, in EventOrigin origin, bool isReadable)
    {
        var operation = string.IsNullOrEmpty(adminEvent.Operation) ? EventOrigin.UnknownType : adminEvent.Operation;
        var resourceType = string.IsNullOrEmpty(adminEvent.ResourceType) ? EventOrigin.UnknownType : adminEvent.ResourceType;
        var path = adminEvent.ResourcePath ?? "";
        var facts = adminEvent.Representation is { } json ? RepresentationFacts.Read(json) : default;
        var description = Describe(operation, resourceType, path, facts, EventDetails.Find(adminEvent.Details, "credential_type"));
        var representation = Redact(adminEvent, path);
        var failed = !string.IsNullOrEmpty(adminEvent.Error);
        var isKnown = adminEvent.Operation is not null && adminEvent.ResourceType is not null && isReadable;
        return new SecurityEvent
        {
            Id = origin.IdOr(adminEvent.Id),
            Kind = EventKind.Admin,
            Type = description.Type,
            Description = description,
            OccurredAt = origin.At(adminEvent.Time),
            ReceivedAt = origin.ReceivedAt,
            Outcome = !isKnown ? EventOutcome.Unknown : failed ? EventOutcome.Failure : EventOutcome.Success,
            Severity = Severity(description, operation, path, facts, failed),
            Source = origin.Source,
            Position = origin.Position,
            Reason = adminEvent.Error,
            RealmId = adminEvent.RealmId,
            Actor = Actor(adminEvent, origin),
            Subject = Subject(adminEvent, resourceType, path, facts, origin),
            SessionId = adminEvent.SessionId,
            IpAddress = adminEvent.IpAddress,
            Admin = new AdminAction(operation, resourceType, path, ResourceId(resourceType, path, facts), representation)
            {
                ResourceName = facts.ResourceName,
                Values = ResourceValues.Read(representation, facts),
                Attributes = facts.Attributes,
                RoleIds = facts.RoleIds,
            },
            Details = adminEvent.Details,
            Raw = origin.Raw,
        };
    }

    private static EventDescription Describe(string operation, string resourceType, string path, in RepresentationFacts facts, string? credentialType)
    {
        var description = KeycloakEventCatalog.DescribeAdmin(operation, resourceType, path);
        return description.Type switch
        {
            "UPDATE-REALM" when path.Length == 0 && facts.IsOnlyEventSettings => KeycloakEventCatalog.EventSettingsChanged,
            "UPDATE-USER" when facts.IsOnlyEnabled && PathPattern.Matches("users/*", path) =>
                facts.Enabled == true ? KeycloakEventCatalog.UserEnabled : KeycloakEventCatalog.UserDisabled,
            "ACTION-USER" or "DELETE-USER" when PathPattern.Matches("users/*/credentials/*|users/*/disable-credential-types", path)
                && (credentialType ?? facts.OnlyText) is { } type => KeycloakEventCatalog.FindRemoval(operation, type) ?? description,
            _ => description,
        };
    }

    // The path of a group created below another names only the parent; the new group is named by the representation.
    private static string? ResourceId(string resourceType, string path, in RepresentationFacts facts) =>
        resourceType is "GROUP" or "ORGANIZATION_GROUP" && PathPattern.Matches("**/children", path)
            ? facts.Id
            : KeycloakEventCatalog.FindResourceId(resourceType, path);

    private static int Severity(EventDescription description, string operation, string path, in RepresentationFacts facts, bool failed)
    {
        var severity = failed ? description.FailureSeverity : description.Severity;
        var grants = operation == "CREATE" && facts.HoldsAdminRole && PathPattern.Matches("**/role-mappings/**|**/composites|**/composites/**", path);
        return grants ? Math.Max(severity, AdminRoleSeverity) : severity;
    }

    /// <summary>The users in the event's own realm that it identifies only by id: who acted, and on whom.</summary>
    public static IEnumerable<(string RealmId, string UserId)> FindUnnamedUsers(in KeycloakEvent adminEvent)
    {
        var users = new List<(string, string)>();
        if (adminEvent.RealmId is not { } realm)
        {
            return users;
        }

        if (adminEvent is { UserId: { } actor, UserName: null } && (adminEvent.ActorRealmId ?? realm) == realm)
        {
            users.Add((realm, actor));
        }

        var facts = adminEvent.Representation is { } json ? RepresentationFacts.Read(json) : default;
        if (FindSubject(adminEvent, adminEvent.ResourceType ?? "", adminEvent.ResourcePath ?? "", facts) is { Id: { } subject, Name: null })
        {
            users.Add((realm, subject));
        }

        return users;
    }

    private static EventParty? Actor(in KeycloakEvent adminEvent, in EventOrigin origin)
    {
        if (adminEvent.UserId is null && adminEvent.UserName is null && adminEvent.ClientId is null)
        {
            return null;
        }

        var realm = adminEvent.ActorRealmId is null || adminEvent.ActorRealmId == adminEvent.RealmId ? origin.Source.Realm : adminEvent.ActorRealmId;
        var name = adminEvent.UserName ?? origin.Names?.Find(adminEvent.ActorRealmId ?? adminEvent.RealmId, adminEvent.UserId);
        return new EventParty(adminEvent.UserId, name, null, realm, adminEvent.ClientId);
    }

    private static EventParty? Subject(
        in KeycloakEvent adminEvent, string resourceType, string path, in RepresentationFacts facts, in EventOrigin origin)
    {
        var (id, name, email) = FindSubject(adminEvent, resourceType, path, facts);
        return id is null && name is null
            ? null
            : new EventParty(id, name ?? origin.Names?.Find(adminEvent.RealmId, id), email, origin.Source.Realm, null);
    }

    private static (string? Id, string? Name, string? Email) FindSubject(
        in KeycloakEvent adminEvent, string resourceType, string path, in RepresentationFacts facts)
    {
        var aboutUser = resourceType == "USER" && (path.IndexOf('/', StringComparison.Ordinal) == path.LastIndexOf('/'));
        var name = EventDetails.Find(adminEvent.Details, "username") ?? (aboutUser ? facts.UserName : null);
        var email = EventDetails.Find(adminEvent.Details, "email") ?? (aboutUser ? facts.Email : null);
        return (FindUserId(path), name, email);
    }

    private static string? FindUserId(string path)
    {
        const string Users = "users/";
        const string Members = "/members/";
        var start = path.StartsWith(Users, StringComparison.Ordinal) ? Users.Length
            : path.IndexOf("/" + Users, StringComparison.Ordinal) is >= 0 and var users ? users + Users.Length + 1
            : path.IndexOf(Members, StringComparison.Ordinal) is >= 0 and var members ? members + Members.Length
            : path.Length;
        var end = path.IndexOf('/', start);
        var id = end < 0 ? path[start..] : path[start..end];
        return id.Length == 0 || id == "profile" || id.StartsWith("invite-", StringComparison.Ordinal) ? null : id;
    }

    private static string? Redact(in KeycloakEvent adminEvent, string path) =>
        adminEvent.Representation is { } json
            ? SecretRedactor.Redact(json, HoldsSecret(path))
            : null;

    // The secret that these requests send or return is named value.
    private static bool HoldsSecret(string path) =>
        path.Contains("client-secret", StringComparison.Ordinal) || path.EndsWith("/reset-password", StringComparison.Ordinal);
}
