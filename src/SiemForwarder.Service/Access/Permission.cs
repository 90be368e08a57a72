using System.Text.Json;

namespace SiemForwarder.Service.Access;

/// <summary>What an endpoint requires of its caller; each permission has a policy of the same name.</summary>
internal enum Permission
{
    /// <summary>Any caller that is known, whatever its roles.</summary>
    BeKnown,

    /// <summary>Integrations, sources, pools and catalogues; no secrets, no event bodies.</summary>
    ReadSettings,

    /// <summary>How it all is doing: states, alarms, engines, replays, volumes.</summary>
    ReadStates,

    /// <summary>What became of events: deliveries and what was set aside; bodies only together with <see cref="ReadEvents"/>.</summary>
    ReadEvidence,

    /// <summary>Events themselves: search, journeys, previews, bodies.</summary>
    ReadEvents,

    /// <summary>Who may do what, and who did.</summary>
    ReadAudit,

    /// <summary>Test, check, pause, resume, retry, replay, redrive.</summary>
    Operate,

    /// <summary>Change integrations, sources, pools, keys and roles; give up events.</summary>
    Configure,

    /// <summary>Push events to an inbox.</summary>
    Push,
}

/// <summary>The roles and their permissions.</summary>
internal static class Roles
{
    public const string Admin = "siem-admin";
    public const string Ingest = "siem-ingest";

    private static readonly Permission[] OfViewer = [Permission.ReadSettings, Permission.ReadStates, Permission.ReadEvidence];

    private static readonly Dictionary<string, Permission[]> Table = new(StringComparer.Ordinal)
    {
        [Admin] = Enum.GetValues<Permission>(),
        ["siem-operator"] = [.. OfViewer, Permission.Operate],
        ["siem-viewer"] = OfViewer,
        ["siem-investigator"] = [.. OfViewer, Permission.ReadEvents],
        ["siem-auditor"] = [Permission.ReadSettings, Permission.ReadEvidence, Permission.ReadAudit],
        [Ingest] = [Permission.Push],
    };

    /// <summary>All roles, most powerful first.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Table.Keys];

    /// <summary>Whether one of the roles has the permission; unknown roles have none.</summary>
    public static bool May(IEnumerable<string> roles, Permission permission) =>
        permission == Permission.BeKnown || roles.Any(role => Table.TryGetValue(role, out var granted) && granted.Contains(permission));

    /// <summary>The permissions of a caller with these roles, as the API writes them.</summary>
    public static IEnumerable<string> PermissionsOf(IReadOnlyList<string> roles) => Enum.GetValues<Permission>()
        .Where(one => one != Permission.BeKnown && May(roles, one)).Select(one => JsonNamingPolicy.CamelCase.ConvertName(one.ToString()));

    /// <summary>The roles that have a permission.</summary>
    public static IEnumerable<string> With(Permission permission) => All.Where(role => May([role], permission));
}

/// <summary>The permission that an endpoint requires, for documentation and refusals.</summary>
internal sealed record NeededPermission(Permission Permission);

/// <summary>Why an endpoint is open to unauthenticated callers.</summary>
internal sealed record OpenToAll(string Reason);

/// <summary>Marks an endpoint with its own credentials, so that they are not mistaken for wrong API keys.</summary>
internal sealed record OwnCredentials;

/// <summary>The only way for an endpoint to declare who may call it; an endpoint that declares nothing is closed.</summary>
internal static class EndpointAccess
{
    /// <summary>Admits callers with the permission.</summary>
    public static TBuilder Needs<TBuilder>(this TBuilder endpoint, Permission permission)
        where TBuilder : IEndpointConventionBuilder =>
        endpoint.RequireAuthorization(permission.ToString()).WithMetadata(new NeededPermission(permission));

    /// <summary>Admits everyone.</summary>
    public static TBuilder Open<TBuilder>(this TBuilder endpoint, string reason)
        where TBuilder : IEndpointConventionBuilder =>
        endpoint.AllowAnonymous().WithMetadata(new OpenToAll(reason));
}
