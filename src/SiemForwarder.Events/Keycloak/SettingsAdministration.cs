namespace SiemForwarder.Events.Keycloak;

/// <summary>Administrator actions on settings; the first matching row applies.</summary>
internal static class SettingsAdministration
{
    public static readonly AdminEventRow[] Rows =
    [
        // The administrator's side of INVITE_ORG.
        new("ACTION", "ORGANIZATION_MEMBERSHIP", "organizations/*/members/invite-*",
            "User invited to organization", "An administrator invited a user to an organization.", 3, new(
            "Organization invitation", "invite to organization", new(3004, 99, "Invite"), new(3004, 99, "Invite"),
            ["iam"], ["user", "info"], "AuditEvent/Execute", "USER_UNCATEGORIZED", "none"), "invite"),

        new("ACTION", "CLIENT", "clients/*/client-secret/**|clients/*/registration-access-token|clients/*/certificates/**",
            "Client credential changed", "An administrator changed a secret, a token or a key of a client.", 7, new(
            "Client secret / registration token / key action", "update client credential", new(3004, 3), new(3004, 3),
            ["iam", "configuration"], ["change"], "AuditEvent/Set", "USER_RESOURCE_UPDATE_CONTENT", "Change modified"), "credential"),

        new("DELETE", "CLIENT", "clients/*/client-secret/rotated",
            "Rotated client secret deleted", "An administrator withdrew the rotated secret of a client.", 7, new(
            "Client secret / registration token / key action", "update client credential", new(3004, 3), new(3004, 3),
            ["iam", "configuration"], ["change"], "AuditEvent/Set", "USER_RESOURCE_UPDATE_CONTENT", "Change modified"), "rotated-secret"),

        new("CREATE DELETE", "CLIENT_SCOPE", "default-default-client-scopes/**|default-optional-client-scopes/**",
            "Default client scope changed", "An administrator changed the client scopes that new clients get.", 6, new(
            "Client, client scope, protocol mapper, initial access token update", "update client scope", new(3004, 3), new(3004, 3),
            ["iam", "configuration"], ["change"], "AuditEvent/Set", "USER_RESOURCE_UPDATE_CONTENT", "Change modified"), "default-scope"),

        new("UPDATE", "REALM", "events/config",
            "Event settings changed", "An administrator changed which events are recorded.", 9, new(
            "Event / audit settings changed", "change event settings", new(3004, 3), new(3004, 3),
            ["iam", "configuration"], ["change"], "AuditEvent/Set (Object=event settings)", "SETTING_MODIFICATION", "Change/Auditing_Changes modified"),
            "event-settings"),

        new("DELETE", "REALM", "events|admin-events",
            "Stored events cleared", "An administrator deleted the stored events of the realm.", 10, new(
            "Stored events cleared", "clear events", new(3004, 4), new(3004, 4),
            ["iam", "configuration"], ["deletion"], "AuditEvent/Clear", "SYSTEM_AUDIT_LOG_WIPE", "Change/Auditing_Changes cleared"), "clear-events"),

        RealmAction("logout-all", "All users logged out", "An administrator ended every session of the realm.", "logout-all"),
        RealmAction("push-revocation", "Revocation pushed", "An administrator told clients to reject older tokens.", "push-revocation"),
        RealmAction(
            "clear-realm-cache|clear-user-cache|clear-keys-cache|clear-crl-cache", "Cache cleared", "An administrator cleared a cache.", "clear-cache"),
        RealmAction(
            "user-storage/*/sync|user-storage/*/mappers/*/sync", "User federation synchronized",
            "An administrator started reading users from another directory, or writing them to it.", "synchronize"),
        RealmAction(
            "user-storage/*/remove-imported-users", "Imported users removed",
            "An administrator removed the users imported from another directory.", "remove-imported-users"),
        RealmAction(
            "user-storage/*/unlink-users", "Imported users unlinked",
            "An administrator unlinked users from the directory they were imported from.", "unlink-users"),
        RealmAction(null, "Realm action", "An administrator triggered an action on the realm, such as a connection test.", null),

        // Families: group, severities of create, update and delete, resource types.
        .. Lifecycle(
            "Organization", 5, 5, 6,
            "ORGANIZATION"),
        .. Lifecycle(
            "Identity provider (+ mapper)", 8, 8, 9,
            "IDENTITY_PROVIDER IDENTITY_PROVIDER_MAPPER"),
        .. Lifecycle(
            "Client, client scope, protocol mapper, initial access token", 6, 6, 7,
            "CLIENT CLIENT_SCOPE CLIENT_SCOPE_CLIENT_MAPPING PROTOCOL_MAPPER CLIENT_INITIAL_ACCESS_MODEL CLUSTER_NODE"),
        .. Lifecycle(
            "Realm", 6, 6, 7,
            "REALM"),
        .. Lifecycle(
            "Authentication flow, execution, authenticator config, required action", 8, 8, 9,
            "AUTH_FLOW AUTH_EXECUTION_FLOW AUTH_EXECUTION AUTHENTICATOR_CONFIG REQUIRED_ACTION REQUIRED_ACTION_CONFIG"),
        .. Lifecycle(
            "Authorization services (resource server, resource, scope, policy/permission)", 6, 6, 7,
            "AUTHORIZATION_RESOURCE_SERVER AUTHORIZATION_RESOURCE AUTHORIZATION_SCOPE AUTHORIZATION_POLICY"),
        .. Lifecycle(
            "User federation, components (keys, LDAP), user profile", 7, 7, 8,
            "USER_FEDERATION_PROVIDER USER_FEDERATION_MAPPER COMPONENT USER_PROFILE"),
        .. Lifecycle(
            "Custom resource type", 4, 4, 5,
            "CUSTOM"),
    ];

    private static AdminEventRow RealmAction(string? path, string name, string summary, string? deed) => new("ACTION", "REALM", path, name, summary, 5, new(
        "Realm action (push-revocation, logout-all, cache clear, test SMTP/LDAP, partial import)", "realm action",
        new(3004, 99, AdminEventRow.LastPathSegment), new(3004, 99, AdminEventRow.LastPathSegment),
        ["iam", "configuration"], ["info"], "AuditEvent/Execute", "SETTING_MODIFICATION", "none"), deed);

    private static AdminEventRow[] Lifecycle(string family, int create, int update, int delete, string resourceTypes) =>
    [
        new("CREATE", resourceTypes, null, "{resource} created", "An administrator created {a resource}.", create, Settings(
            family + " create", "create", 1, "creation", "AuditEvent/Create", "USER_RESOURCE_CREATION", "Change created")),
        new("UPDATE", resourceTypes, null, "{resource} updated", "An administrator changed {a resource}.", update, Settings(
            family + " update", "update", 3, "change", "AuditEvent/Set", "USER_RESOURCE_UPDATE_CONTENT", "Change modified")),
        new("DELETE", resourceTypes, null, "{resource} deleted", "An administrator deleted {a resource}.", delete, Settings(
            family + " delete", "delete", 4, "deletion", "AuditEvent/Delete", "USER_RESOURCE_DELETION", "Change deleted")),
    ];

    private static EventClassification Settings(
        string group, string action, int activity, string ecsType, string asim, string udm, string cim) =>
        new(group, action, new(3004, activity), new(3004, activity), ["iam", "configuration"], [ecsType], asim, udm, cim);
}
