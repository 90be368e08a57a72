namespace SiemForwarder.Events;

/// <summary>The part specific to admin events: what was done to which resource.</summary>
/// <param name="Operation">CREATE, UPDATE, DELETE, ACTION, or whatever the server sent.</param>
/// <param name="ResourceType">USER, CLIENT, REALM_ROLE_MAPPING …, an open string.</param>
/// <param name="ResourcePath">Path relative to the realm; empty if Keycloak omitted it (the realm itself).</param>
/// <param name="ResourceId">The last id in the path that identifies the resource, if it could be determined.</param>
/// <param name="Representation">JSON of the resource with secrets redacted; null if not stored.</param>
public sealed record AdminAction(string Operation, string ResourceType, string ResourcePath, string? ResourceId, string? Representation)
{
    /// <summary>The resource's name in the representation: user name, client id, alias, name; for a role mapping, the names of the roles.</summary>
    public string? ResourceName { get; init; }

    /// <summary>Values that detection rules need from the representation, under Keycloak's names, secrets redacted: redirect URIs, roles and so on.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Values { get; init; } = [];

    /// <summary>The member names of the representation, separated by commas, if it is not a complete object.</summary>
    public string? Attributes { get; init; }

    /// <summary>For a role mapping, the ids of the roles in the order of their names, separated by a comma and a space.</summary>
    public string? RoleIds { get; init; }
}
