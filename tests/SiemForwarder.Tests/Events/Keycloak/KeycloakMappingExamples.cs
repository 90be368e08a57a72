namespace SiemForwarder.Tests.Events.Keycloak;

/// <summary>Turns the match texts of the mapping into example operations and paths, one for each alternative.</summary>
internal static class KeycloakMappingExamples
{
    /// <summary>The operations and paths that a row of the mapping speaks of, for one of its resource types.</summary>
    public static IEnumerable<(string Operation, string Path)> For(string match, string resourceType)
    {
        // The few texts that are prose rather than a pattern.
        (string Operation, string Path)[]? prose = match switch
        {
            "ACTION users/{id}/logout; DELETE sessions/{sid}" => resourceType == "USER" ? [("ACTION", "users/u1/logout")] : [("DELETE", "sessions/s1")],
            "UPDATE roles/{name}; CREATE|DELETE .../composites" =>
                [("UPDATE", "roles/r1"), ("CREATE", "roles/r1/composites"), ("DELETE", "clients/c1/roles/r1/composites")],
            "ACTION users/{id}/execute-actions-email, send-verify-email" => [("ACTION", "users/u1/execute-actions-email"), ("ACTION", "users/u1/send-verify-email")],
            "ACTION|DELETE users/{id}/credentials/{cid}, users/{id}/disable-credential-types" =>
                [("ACTION", "users/u1/credentials/c1"), ("DELETE", "users/u1/credentials/c1"), ("ACTION", "users/u1/disable-credential-types")],
            "UPDATE events/config, or realm UPDATE changing eventsEnabled, adminEventsEnabled, eventsListeners" => [("UPDATE", "events/config")],
            "DELETE events | admin-events" => [("DELETE", "events"), ("DELETE", "admin-events")],
            "DELETE attack-detection/brute-force/users[/{id}]" =>
                [("DELETE", "attack-detection/brute-force/users"), ("DELETE", "attack-detection/brute-force/users/u1")],
            "ACTION clients/{id}/client-secret, /registration-access-token, /certificates/..." =>
                [("ACTION", "clients/c1/client-secret"), ("ACTION", "clients/c1/registration-access-token"), ("ACTION", "clients/c1/certificates/jwt.credential/generate")],
            "ACTION" => [("ACTION", "logout-all")],
            _ => null,
        };
        if (prose is not null)
        {
            return prose;
        }

        var space = match.IndexOf(' ', StringComparison.Ordinal);
        var operations = space < 0 ? match : match[..space];
        var paths = space < 0 ? [""] : match[(space + 1)..].Split(" | ");
        var examples = from operation in operations.Split('|')
                       from path in paths
                       select (operation, Example(path));
        return examples;
    }

    private static string Example(string path) =>
        path.Replace("{id}", "x1", StringComparison.Ordinal).Replace("{gid}", "g1", StringComparison.Ordinal)
            .Replace("{oid}", "o1", StringComparison.Ordinal).Replace("{alias}", "corp", StringComparison.Ordinal)
            .Replace("{name}", "r1", StringComparison.Ordinal).Replace("...", "clients/c1", StringComparison.Ordinal);
}
