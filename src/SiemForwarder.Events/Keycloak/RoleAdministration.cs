namespace SiemForwarder.Events.Keycloak;

/// <summary>Administrator actions on roles and groups; the first matching row applies.</summary>
internal static class RoleAdministration
{
    public static readonly AdminEventRow[] Rows =
    [
        new("CREATE", "REALM_ROLE_MAPPING", "groups/**|organizations/*/groups/**",
            "Realm role granted to group", "An administrator granted a realm role to a group.", 7, new(
            "Role granted to group", "assign privileges", new(3006, 1), new(3006, 12),
            ["iam"], ["group", "change"], "UserManagement/GroupModified", "GROUP_MODIFICATION", "Change acl_modified"), "group"),

        new("DELETE", "REALM_ROLE_MAPPING", "groups/**|organizations/*/groups/**",
            "Realm role revoked from group", "An administrator revoked a realm role from a group.", 5, new(
            "Role revoked from group", "revoke privileges", new(3006, 2), new(3006, 13),
            ["iam"], ["group", "change"], "UserManagement/GroupModified", "GROUP_MODIFICATION", "Change acl_modified"), "group"),

        new("CREATE", "REALM_ROLE_MAPPING", null,
            "Realm role granted", "An administrator granted a realm role to a user.", 6, new(
            "Role granted to user", "assign privileges", new(3005, 1), new(3007, 16),
            ["iam"], ["user", "change"], "UserManagement/UserModified", "USER_CHANGE_PERMISSIONS", "Change acl_modified")),

        new("DELETE", "REALM_ROLE_MAPPING", null,
            "Realm role revoked", "An administrator revoked a realm role from a user.", 5, new(
            "Role revoked from user", "revoke privileges", new(3005, 2), new(3007, 17),
            ["iam"], ["user", "change"], "UserManagement/UserModified", "USER_CHANGE_PERMISSIONS", "Change acl_modified")),

        new("CREATE", "CLIENT_ROLE_MAPPING", "groups/**|organizations/*/groups/**",
            "Client role granted to group", "An administrator granted a client role to a group.", 7, new(
            "Role granted to group", "assign privileges", new(3006, 1), new(3006, 12),
            ["iam"], ["group", "change"], "UserManagement/GroupModified", "GROUP_MODIFICATION", "Change acl_modified"), "group"),

        new("DELETE", "CLIENT_ROLE_MAPPING", "groups/**|organizations/*/groups/**",
            "Client role revoked from group", "An administrator revoked a client role from a group.", 5, new(
            "Role revoked from group", "revoke privileges", new(3006, 2), new(3006, 13),
            ["iam"], ["group", "change"], "UserManagement/GroupModified", "GROUP_MODIFICATION", "Change acl_modified"), "group"),

        new("CREATE", "CLIENT_ROLE_MAPPING", null,
            "Client role granted", "An administrator granted a client role to a user.", 6, new(
            "Role granted to user", "assign privileges", new(3005, 1), new(3007, 16),
            ["iam"], ["user", "change"], "UserManagement/UserModified", "USER_CHANGE_PERMISSIONS", "Change acl_modified")),

        new("DELETE", "CLIENT_ROLE_MAPPING", null,
            "Client role revoked", "An administrator revoked a client role from a user.", 5, new(
            "Role revoked from user", "revoke privileges", new(3005, 2), new(3007, 17),
            ["iam"], ["user", "change"], "UserManagement/UserModified", "USER_CHANGE_PERMISSIONS", "Change acl_modified")),

        new("CREATE DELETE", "REALM_ROLE CLIENT_ROLE", "**/composites|**/composites/**",
            "Composite of {resource} changed", "An administrator changed what {a resource} includes.", 6, new(
            "Role update / composites", "update role", new(3004, 3), new(3008, 2),
            ["iam"], ["admin", "change"], "AuditEvent/Set", "USER_RESOURCE_UPDATE_PERMISSIONS", "Change modified"), "composite"),

        new("UPDATE", "REALM_ROLE CLIENT_ROLE", null,
            "{resource} updated", "An administrator changed {a resource}.", 6, new(
            "Role update / composites", "update role", new(3004, 3), new(3008, 2),
            ["iam"], ["admin", "change"], "AuditEvent/Set", "USER_RESOURCE_UPDATE_PERMISSIONS", "Change modified")),

        new("CREATE", "REALM_ROLE CLIENT_ROLE", null,
            "{resource} created", "An administrator created {a resource}.", 5, new(
            "Role create", "create role", new(3004, 1), new(3008, 1),
            ["iam"], ["admin", "creation"], "AuditEvent/Create", "USER_RESOURCE_CREATION", "Change created")),

        new("DELETE", "REALM_ROLE CLIENT_ROLE", null,
            "{resource} deleted", "An administrator deleted {a resource}.", 6, new(
            "Role delete", "delete role", new(3004, 4), new(3008, 3),
            ["iam"], ["admin", "deletion"], "AuditEvent/Delete", "USER_RESOURCE_DELETION", "Change deleted")),

        new("CREATE DELETE", "REALM_SCOPE_MAPPING CLIENT_SCOPE_MAPPING", null,
            "{resource} changed", "An administrator changed {a resource}.", 5, new(
            "Role scope mapping", "update role scope", new(3004, 3), new(3004, 3),
            ["iam"], ["admin", "change"], "AuditEvent/Set", "USER_RESOURCE_UPDATE_PERMISSIONS", "Change acl_modified")),

        new("CREATE DELETE", "GROUP", "default-groups/**",
            "Default group changed", "An administrator changed which groups new users join.", 4, new(
            "Group update", "update group", new(3004, 3), new(3006, 9),
            ["iam"], ["group", "change"], "UserManagement/GroupModified", "GROUP_MODIFICATION", "Change modified"), "default-group"),

        new("CREATE", "GROUP ORGANIZATION_GROUP", "**/children",
            "Subgroup created or moved", "An administrator created a group below another group, or moved it there.", 4, new(
            "Sub-group create / move", "create group", new(3006, 7), new(3006, 7),
            ["iam"], ["group", "creation"], "UserManagement/GroupCreated", "GROUP_CREATION", "Change created"), "subgroup"),

        new("CREATE", "GROUP ORGANIZATION_GROUP", null,
            "{resource} created", "An administrator created {a resource}.", 4, new(
            "Group create", "create group", new(3006, 6), new(3006, 6),
            ["iam"], ["group", "creation"], "UserManagement/GroupCreated", "GROUP_CREATION", "Change created")),

        new("UPDATE", "GROUP ORGANIZATION_GROUP", null,
            "{resource} updated", "An administrator changed {a resource}.", 4, new(
            "Group update", "update group", new(3004, 3), new(3006, 9),
            ["iam"], ["group", "change"], "UserManagement/GroupModified", "GROUP_MODIFICATION", "Change modified")),

        new("DELETE", "GROUP ORGANIZATION_GROUP", null,
            "{resource} deleted", "An administrator deleted {a resource}.", 5, new(
            "Group delete", "delete group", new(3006, 5), new(3006, 5),
            ["iam"], ["group", "deletion"], "UserManagement/GroupDeleted", "GROUP_DELETION", "Change deleted")),

        new("CREATE", "GROUP_MEMBERSHIP ORGANIZATION_MEMBERSHIP ORGANIZATION_GROUP_MEMBERSHIP", null,
            "{resource} added", "An administrator added a user to a group or an organization.", 5, new(
            "Member added", "add member", new(3006, 3), new(3006, 3),
            ["iam"], ["group", "user", "change"], "UserManagement/UserAddedToGroup", "GROUP_MODIFICATION", "Change modified")),

        new("DELETE", "GROUP_MEMBERSHIP ORGANIZATION_MEMBERSHIP ORGANIZATION_GROUP_MEMBERSHIP", null,
            "{resource} removed", "An administrator removed a user from a group or an organization.", 4, new(
            "Member removed", "remove member", new(3006, 4), new(3006, 4),
            ["iam"], ["group", "user", "change"], "UserManagement/UserRemovedFromGroup", "GROUP_MODIFICATION", "Change modified")),
    ];
}
