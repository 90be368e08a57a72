namespace SiemForwarder.Events;

/// <summary>The part that only admin events have: what was done to which resource.</summary>
/// <param name="Operation">CREATE, UPDATE, DELETE, ACTION, or whatever the server sent.</param>
/// <param name="ResourceType">USER, CLIENT, REALM_ROLE_MAPPING …, an open string.</param>
/// <param name="ResourcePath">Path relative to the realm; empty where Keycloak left it out (the realm itself).</param>
/// <param name="ResourceId">The last id in the path that names the resource, where one could be told.</param>
/// <param name="Representation">JSON of the resource with secrets redacted; null where not stored.</param>
public sealed record AdminAction(string Operation, string ResourceType, string ResourcePath, string? ResourceId, string? Representation)
{
    /// <summary>What the representation calls the resource: user name, client id, alias, name; of a role mapping the names of the roles.</summary>
    public string? ResourceName { get; init; }

    /// <summary>What rules look for in the representation, under Keycloak's names, secrets redacted: redirect addresses, roles, events on or off.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Values { get; init; } = [];

    /// <summary>The names of what the representation holds, parted by a comma, where that is not a whole object.</summary>
    public string? Attributes { get; init; }

    /// <summary>Of a role mapping the ids of the roles, in the order of their names, parted by a comma and a space.</summary>
    public string? RoleIds { get; init; }
}
