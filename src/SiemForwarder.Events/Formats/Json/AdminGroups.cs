namespace SiemForwarder.Events.Formats.Json;

/// <summary>Determines which group or organization an admin event is about.</summary>
internal static class AdminGroups
{
    private const string Organizations = "organizations/";

    /// <summary>True if the event is about a group: the group itself, its members, or its roles.</summary>
    public static bool IsGroup(AdminAction? admin) => admin is not null && (admin.ResourceType switch
    {
        "GROUP" or "GROUP_MEMBERSHIP" or "ORGANIZATION_GROUP" or "ORGANIZATION_GROUP_MEMBERSHIP" or "ORGANIZATION_MEMBERSHIP" => true,
        "REALM_ROLE_MAPPING" or "CLIENT_ROLE_MAPPING" => !admin.ResourcePath.StartsWith("users/", StringComparison.Ordinal),
        _ => false,
    });

    /// <summary>The id of a newly created group's parent; empty if it has none.</summary>
    public static ReadOnlySpan<char> ParentId(AdminAction admin)
    {
        const string Children = "/children";
        if (admin.ResourceType is not ("GROUP" or "ORGANIZATION_GROUP") || !admin.ResourcePath.EndsWith(Children, StringComparison.Ordinal))
        {
            return [];
        }

        var path = admin.ResourcePath.AsSpan(0, admin.ResourcePath.Length - Children.Length);
        return path[(path.LastIndexOf('/') + 1)..];
    }

    /// <summary>The id of the group; for a membership in an organization, that of the organization.</summary>
    public static ReadOnlySpan<char> Id(AdminAction admin)
    {
        if (admin.ResourceType != "ORGANIZATION_MEMBERSHIP" || !admin.ResourcePath.StartsWith(Organizations, StringComparison.Ordinal))
        {
            return admin.ResourceId;
        }

        var rest = admin.ResourcePath.AsSpan(Organizations.Length);
        var end = rest.IndexOf('/');
        return end < 0 ? rest : rest[..end];
    }

    /// <summary>The name of the group, if the representation is the group's.</summary>
    public static string? Name(AdminAction admin) =>
        admin.ResourceType is "GROUP" or "GROUP_MEMBERSHIP" or "ORGANIZATION_GROUP" or "ORGANIZATION_GROUP_MEMBERSHIP" ? admin.ResourceName : null;

    /// <summary>True if roles were granted or revoked, so that the resource name consists of the role names.</summary>
    public static bool IsRoleMapping(AdminAction? admin) => admin?.ResourceType is "REALM_ROLE_MAPPING" or "CLIENT_ROLE_MAPPING";
}
