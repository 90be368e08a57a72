using System.Globalization;
using SiemForwarder.Events;
using SiemForwarder.Events.Addresses;

namespace SiemForwarder.Detections.Fields;

/// <summary>The names that rules may use, and where in a normalized event each stands.</summary>
/// <remarks>
/// User events and admin events share names where they mean the same: <c>userId</c> is the account that the event is about,
/// <c>actor.userId</c> who acted. Names are case-sensitive.
/// </remarks>
internal static class FieldTaxonomy
{
    private const string DetailsPrefix = "details.";
    private const string RepresentationPrefix = "representation.";
    private const string ChangedPrefix = "changed.";
    private const string PreviousPrefix = "previous.";
    private const string ListPrefix = "ip.list.";

    private static readonly Dictionary<string, Func<EventFields, FieldValue>> Normalized = new(StringComparer.Ordinal)
    {
        ["id"] = fields => FieldValue.Of(fields.Event.Id),
        ["type"] = fields => FieldValue.Of(fields.Event.Type),
        ["kind"] = fields => FieldValue.Of(KindOf(fields.Event.Kind)),
        ["time"] = fields => FieldValue.Of(fields.Event.OccurredAt.ToUnixTimeMilliseconds()),
        ["realm"] = fields => FieldValue.Of(fields.Event.Source.Realm),
        ["realmId"] = fields => FieldValue.Of(fields.Event.RealmId),
        ["source"] = fields => FieldValue.Of(fields.Event.Source.Name),
        ["clientId"] = fields => FieldValue.Of(fields.Event.ClientId),
        ["userId"] = fields => FieldValue.Of(fields.Event.Subject?.Id),
        ["username"] = fields => FieldValue.Of(fields.Event.Subject?.Name),
        ["email"] = fields => FieldValue.Of(fields.Event.Subject?.Email),
        ["actor.userId"] = fields => FieldValue.Of(fields.Event.Actor?.Id),
        ["actor.username"] = fields => FieldValue.Of(fields.Event.Actor?.Name),
        ["actor.clientId"] = fields => FieldValue.Of(fields.Event.Actor?.ClientId),
        ["actor.ip"] = fields => FieldValue.Of(fields.Event.IpAddress),
        ["actor.realm"] = fields => FieldValue.Of(fields.Event.Actor?.Realm),
        ["actor.serviceAccount"] = fields => fields.Event.Actor is { } actor ? FieldValue.Of(actor.IsServiceAccount) : FieldValue.Absent,
        ["target.userId"] = fields => FieldValue.Of(fields.Event.Subject?.Id),
        ["target.username"] = fields => FieldValue.Of(fields.Event.Subject?.Name),
        ["target.groupId"] = fields => FieldValue.Of(ResourceIdBehind(fields.Event.Admin, "groups/")),
        ["target.clientId"] = fields => FieldValue.Of(ResourceIdBehind(fields.Event.Admin, "clients/")),
        ["ip"] = fields => FieldValue.Of(fields.Event.IpAddress),
        ["ip.private"] = fields => CidrBlock.FindPrivate(fields.Event.IpAddress) is { } isPrivate ? FieldValue.Of(isPrivate) : FieldValue.Absent,
        ["sessionId"] = fields => FieldValue.Of(fields.Event.SessionId),
        ["transactionId"] = fields => FieldValue.Of(fields.Event.TransactionId),
        ["error"] = fields => FieldValue.Of(fields.Event.Reason),
        ["outcome"] = fields => FieldValue.Of(OutcomeOf(fields.Event.Outcome)),
        ["category"] = fields => FieldValue.Of(fields.Event.Description.Category),
        ["severity"] = fields => FieldValue.Of((long)fields.Event.Severity),
        ["operation"] = fields => FieldValue.Of(NullIfEmpty(fields.Event.Admin?.Operation)),
        ["resourceType"] = fields => FieldValue.Of(NullIfEmpty(fields.Event.Admin?.ResourceType)),
        ["resourcePath"] = fields => FieldValue.Of(fields.Event.Admin?.ResourcePath),
        ["resourceId"] = fields => FieldValue.Of(fields.Event.Admin?.ResourceId),
        ["resourceName"] = fields => FieldValue.Of(fields.Event.Admin?.ResourceName),
        ["representation"] = fields => FieldValue.Of(fields.Event.Admin?.Representation),
        ["geo.country"] = fields => FieldValue.Of(fields.Event.Location?.Country),
        ["geo.city"] = fields => FieldValue.Of(fields.Event.Location?.City),
        ["geo.org"] = fields => FieldValue.Of(fields.Event.Location?.AutonomousSystemOrganization),
        ["geo.asn"] = fields => fields.Event.Location?.AutonomousSystemNumber is { } number ? FieldValue.Of(number) : FieldValue.Absent,
        ["geo.lat"] = fields => fields.Event.Location?.Latitude is { } degrees ? FieldValue.Of(degrees) : FieldValue.Absent,
        ["geo.lon"] = fields => fields.Event.Location?.Longitude is { } degrees ? FieldValue.Of(degrees) : FieldValue.Absent,
        ["geo.radius"] = fields => fields.Event.Location?.AccuracyRadiusKm is { } radius ? FieldValue.Of((long)radius) : FieldValue.Absent,
        ["local.hour"] = fields => FieldValue.Of((long)fields.Calendar.At(fields.Event.OccurredAt).Hour),
        ["local.minute"] = fields => FieldValue.Of((long)fields.Calendar.At(fields.Event.OccurredAt).Minute),
        ["local.weekday"] = fields => FieldValue.Of((((long)fields.Calendar.At(fields.Event.OccurredAt).DayOfWeek + 6) % 7) + 1),
        ["local.date"] = fields => FieldValue.Of(fields.Calendar.At(fields.Event.OccurredAt).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)),
        ["local.business"] = fields => FieldValue.Of(fields.Calendar.IsBusiness(fields.Event.OccurredAt)),
        ["ecs.categories"] = fields => Texts(fields.Event.Description.Classification.EcsCategories),
        ["ecs.types"] = fields => Texts(fields.Event.Description.Classification.EcsTypes),
        ["ecs.user.id"] = fields => FieldValue.Of(fields.Event.Actor?.Id),
        ["ecs.user.name"] = fields => FieldValue.Of(fields.Event.Actor?.Name),
        ["ecs.user.target.id"] = fields => FieldValue.Of(fields.Event.Kind == EventKind.Admin ? fields.Event.Subject?.Id : null),
        ["ecs.user.target.name"] = fields => FieldValue.Of(fields.Event.Kind == EventKind.Admin ? fields.Event.Subject?.Name : null),
        ["ecs.source.ip"] = fields => IpLiteral.Find(fields.Event.IpAddress) is { } address ? FieldValue.Of(address.ToString()) : FieldValue.Absent,
    };

    // Names of Keycloak's documentation, so that a rule written from it works.
    private static readonly Dictionary<string, string> KeycloakNames = new(StringComparer.Ordinal)
    {
        ["ipAddress"] = "ip",
        ["operationType"] = "operation",
        ["realmName"] = "realm",
        ["authDetails.userId"] = "actor.userId",
        ["authDetails.username"] = "actor.username",
        ["authDetails.clientId"] = "actor.clientId",
        ["authDetails.ipAddress"] = "ip",
    };

    private static readonly Dictionary<string, string> EcsNames = new(StringComparer.Ordinal)
    {
        ["event.action"] = "type",
        ["event.category"] = "ecs.categories",
        ["event.type"] = "ecs.types",
        ["event.outcome"] = "outcome",
        ["event.reason"] = "error",
        ["event.code"] = "error",
        ["keycloak.event_type"] = "kind",
        ["@timestamp"] = "time",
        ["keycloak.realm.name"] = "realm",
        ["keycloak.realm.id"] = "realmId",
        ["keycloak.client.id"] = "clientId",
        ["keycloak.session.id"] = "sessionId",
        ["keycloak.admin.operation"] = "operation",
        ["keycloak.admin.resource.type"] = "resourceType",
        ["keycloak.admin.resource.path"] = "resourcePath",
        ["user.id"] = "ecs.user.id",
        ["user.name"] = "ecs.user.name",
        ["user.target.id"] = "ecs.user.target.id",
        ["user.target.name"] = "ecs.user.target.name",
        ["source.ip"] = "ecs.source.ip",
        ["source.geo.country_iso_code"] = "geo.country",
        ["source.geo.city_name"] = "geo.city",
        ["source.as.number"] = "geo.asn",
        ["source.as.organization.name"] = "geo.org",
        ["rule.name"] = "rule.title",
        ["threat.technique.id"] = "rule.techniques",
    };

    // Of these the type, the kind and the outcome of an event say everything.
    private static readonly HashSet<string> PerType = new(StringComparer.Ordinal) { "type", "kind", "outcome" };

    /// <summary>The normalized name of a field, or the name itself where it has none and is a path into the event as it was sent.</summary>
    public static string Normalize(string name, bool isEcs)
    {
        if (isEcs && Ecs(name) is { } ecs)
        {
            return ecs;
        }

        return IsNormalized(name) ? name : KeycloakNames.GetValueOrDefault(name) ?? Ecs(name) ?? name;
    }

    /// <summary>Where a rule writes a name that nothing is known of, the name that it may have meant; else null.</summary>
    public static string? FindNearMiss(string name) =>
        IsNormalized(name) || KeycloakNames.ContainsKey(name) || Ecs(name) is not null ? null
        : Normalized.Keys.Concat(KeycloakNames.Keys).Concat(AlertFields.Names).FirstOrDefault(known => IsNear(name, known));

    public static FieldRoute RouteOf(string normalized) =>
        PerType.Contains(normalized) ? FieldRoute.PerType : AlertFields.Has(normalized) ? FieldRoute.PerRule : FieldRoute.PerEvent;

    public static string? WatchedPath(string normalized) =>
        normalized.StartsWith(ChangedPrefix, StringComparison.Ordinal) ? normalized[ChangedPrefix.Length..]
        : normalized.StartsWith(PreviousPrefix, StringComparison.Ordinal) ? normalized[PreviousPrefix.Length..]
        : null;

    public static Func<EventFields, FieldValue> Resolver(string normalized, IReadOnlyDictionary<string, IReadOnlyList<string>> lists)
    {
        if (Normalized.TryGetValue(normalized, out var known))
        {
            return known;
        }

        if (AlertFields.Has(normalized))
        {
            return AlertFields.Resolver(normalized);
        }

        if (normalized.StartsWith(DetailsPrefix, StringComparison.Ordinal))
        {
            var detail = normalized[DetailsPrefix.Length..];
            return fields => FindDetail(fields, detail, normalized);
        }

        if (normalized.StartsWith(RepresentationPrefix, StringComparison.Ordinal))
        {
            var path = normalized[RepresentationPrefix.Length..];
            return fields => fields.FindInRepresentation(path);
        }

        if (WatchedPath(normalized) is { } watched)
        {
            return normalized.StartsWith(ChangedPrefix, StringComparison.Ordinal)
                ? fields => fields.Change?.FindChanged(watched) ?? FieldValue.Absent
                : fields => fields.Change?.FindPrevious(watched) ?? FieldValue.Absent;
        }

        if (normalized == "ip.tor" || normalized.StartsWith(ListPrefix, StringComparison.Ordinal))
        {
            var blocks = CidrBlock.ReadList(lists.GetValueOrDefault(normalized == "ip.tor" ? "tor" : normalized[ListPrefix.Length..]) ?? []);
            return fields => CidrBlock.FindAny(blocks, fields.Event.IpAddress) is { } isListed ? FieldValue.Of(isListed) : FieldValue.Absent;
        }

        return fields => fields.FindRaw(normalized);
    }

    public static string KindOf(EventKind kind) => kind switch
    {
        EventKind.User => "user",
        EventKind.Admin => "admin",
        EventKind.Operational => "operational",
        EventKind.Detection => "detection",
        _ => "application",
    };

    public static string OutcomeOf(EventOutcome outcome) => outcome switch
    {
        EventOutcome.Success => "success",
        EventOutcome.Failure => "failure",
        _ => "unknown",
    };

    private static bool IsNormalized(string name) =>
        (Normalized.ContainsKey(name) && !name.StartsWith("ecs.", StringComparison.Ordinal)) || AlertFields.Has(name)
        || name == "ip.tor" || name.StartsWith(DetailsPrefix, StringComparison.Ordinal) || name.StartsWith(RepresentationPrefix, StringComparison.Ordinal)
        || name.StartsWith(ListPrefix, StringComparison.Ordinal) || WatchedPath(name) is not null;

    private static string? Ecs(string name) =>
        EcsNames.GetValueOrDefault(name)
        ?? (name.StartsWith("keycloak.details.", StringComparison.Ordinal) ? name["keycloak.".Length..] : null);

    private static FieldValue FindDetail(EventFields fields, string detail, string path)
    {
        var details = fields.Event.Details;
        for (var index = 0; index < details.Count; index++)
        {
            if (details[index].Key == detail)
            {
                return FieldValue.Of(details[index].Value);
            }
        }

        // A detail that is a list or a map is no text, and stands only in what was sent.
        return detail.Contains('.', StringComparison.Ordinal) ? fields.FindRaw(path) : FieldValue.Absent;
    }

    private static string? ResourceIdBehind(AdminAction? action, string folder)
    {
        var path = action?.ResourcePath;
        var start = path is null ? -1
            : path.StartsWith(folder, StringComparison.Ordinal) ? folder.Length
            : path.IndexOf("/" + folder, StringComparison.Ordinal) is >= 0 and var at ? at + folder.Length + 1
            : -1;
        if (start < 0)
        {
            return null;
        }

        var end = path!.IndexOf('/', start);
        return NullIfEmpty(end < 0 ? path[start..] : path[start..end]);
    }

    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;

    private static FieldValue Texts(IReadOnlyList<string> texts) => FieldValue.Of(texts.Select(text => FieldValue.Of(text)).ToArray());

    // Another case, or one letter left out, added or changed.
    private static bool IsNear(string name, string known)
    {
        if (name.Equals(known, StringComparison.OrdinalIgnoreCase))
        {
            return true;
        }

        if (Math.Abs(name.Length - known.Length) > 1 || name.Length < 4)
        {
            return false;
        }

        var (head, tail) = (0, 0);
        var shorter = Math.Min(name.Length, known.Length);
        while (head < shorter && name[head] == known[head])
        {
            head++;
        }

        while (tail < shorter - head && name[^(tail + 1)] == known[^(tail + 1)])
        {
            tail++;
        }

        return head + tail >= Math.Max(name.Length, known.Length) - 1;
    }
}
