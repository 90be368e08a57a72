namespace SiemForwarder.Events.Keycloak;

/// <summary>The resource types of Keycloak 26.7, one row each.</summary>
internal static class ResourceTypes
{
    public static readonly ResourceTypeRow[] Rows =
    [
        new("REALM", "realm"),
        new("REALM_ROLE", "realm role", "roles", "roles-by-id"),
        new("REALM_ROLE_MAPPING", "realm role mapping", "users", "groups"),
        new("REALM_SCOPE_MAPPING", "realm role scope mapping", "clients", "client-scopes", "client-templates"),
        new("AUTH_FLOW", "authentication flow", "flows"),
        new("AUTH_EXECUTION_FLOW", "authentication sub-flow", "flows"),
        new("AUTH_EXECUTION", "authentication execution", "flows", "executions"),
        new("AUTHENTICATOR_CONFIG", "authenticator configuration", "executions", "config"),
        new("REQUIRED_ACTION_CONFIG", "required action configuration", "required-actions"),
        new("REQUIRED_ACTION", "required action", "required-actions"),
        new("IDENTITY_PROVIDER", "identity provider", "instances"),
        new("IDENTITY_PROVIDER_MAPPER", "identity provider mapper", "instances", "mappers"),
        new("PROTOCOL_MAPPER", "protocol mapper", "clients", "client-scopes", "models"),
        new("USER", "user", "users"),
        new("USER_LOGIN_FAILURE", "login failure counter", "users"),
        new("USER_SESSION", "user session", "sessions"),
        new("USER_FEDERATION_PROVIDER", "user federation provider", "instances"),
        new("USER_FEDERATION_MAPPER", "user federation mapper", "instances", "mappers"),
        new("GROUP", "group", "groups", "default-groups"),
        new("GROUP_MEMBERSHIP", "group membership", "groups"),
        new("CLIENT", "client", "clients"),
        new("CLIENT_INITIAL_ACCESS_MODEL", "initial access token", "clients-initial-access"),
        new("CLIENT_ROLE", "client role", "roles", "roles-by-id"),
        new("CLIENT_ROLE_MAPPING", "client role mapping", "users", "groups"),
        new("CLIENT_SCOPE", "client scope", "client-scopes", "default-default-client-scopes", "default-optional-client-scopes"),
        new("CLIENT_SCOPE_MAPPING", "client role scope mapping", "client-scopes"),
        new("CLIENT_SCOPE_CLIENT_MAPPING", "client scope assignment", "default-client-scopes", "optional-client-scopes"),
        new("CLUSTER_NODE", "cluster node", "nodes"),
        new("COMPONENT", "component", "components"),
        new("AUTHORIZATION_RESOURCE_SERVER", "resource server", "clients"),
        new("AUTHORIZATION_RESOURCE", "authorization resource", "resource"),
        new("AUTHORIZATION_SCOPE", "authorization scope", "scope"),
        new("AUTHORIZATION_POLICY", "authorization policy", "policy", "permission", "resource", "scope", "role", "user", "group", "client", "client-scope",
            "aggregate", "js", "time", "regex"),
        new("CUSTOM", "custom resource"),
        new("USER_PROFILE", "user profile"),
        new("ORGANIZATION", "organization", "organizations"),
        new("ORGANIZATION_MEMBERSHIP", "organization membership", "organizations", "members"),
        new("ORGANIZATION_GROUP", "organization group", "groups"),
        new("ORGANIZATION_GROUP_MEMBERSHIP", "organization group membership", "groups"),
    ];
}
