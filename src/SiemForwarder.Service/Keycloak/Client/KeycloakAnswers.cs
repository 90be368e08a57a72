using SiemForwarder.Connections;

namespace SiemForwarder.Service.Keycloak.Client;

/// <summary>Classifies unexpected responses by status and media type, and by text only if the status is ambiguous.</summary>
internal static class KeycloakAnswers
{
    public static PollFailure RealmMissing(KeycloakSource source) => new(
        ErrorCategory.Configuration,
        $"{ConnectionFaults.Of(source)} has no realm '{source.Realm}'.",
        "Use the realm's name as in the address of the admin console, not its display name or id; if it was renamed or deleted, "
            + "change or disable the source.");

    /// <summary>The failure behind a response of the admin API.</summary>
    public static PollFailure Classify(KeycloakSource source, KeycloakReply reply)
    {
        var server = ConnectionFaults.Of(source);
        return reply.Status switch
        {
            >= 300 and < 400 => new PollFailure(
                ErrorCategory.Configuration,
                $"{server} redirects to {Target(reply)}.",
                "Redirects are not followed: enter the address that serves the admin API."),
            401 => new PollFailure(
                ErrorCategory.Authentication,
                $"{server} rejects a fresh access token (401).",
                $"Check that client '{source.ClientId}' and its service account user are enabled, and that the server's nodes agree on the realm's keys."),
            403 => new PollFailure(
                ErrorCategory.Authorization,
                $"{server} does not let client '{source.ClientId}' read events of realm '{source.Realm}' (403).",
                $"In the admin console: Clients → {source.ClientId} → Service accounts roles → Assign role → Filter by clients → realm-management "
                    + $"view-events; and in Client scopes → {source.ClientId}-dedicated → Scope switch on Full scope allowed."),
            404 => NotFound(source, reply),
            429 => new PollFailure(ErrorCategory.RateLimited, $"{server} or a proxy in front of it asks to slow down (429).", null, reply.RetryAfter),
            503 => new PollFailure(
                ErrorCategory.ServerError, $"{server} is not ready (503){reply.Words()}", "Wait until it has started, or check its log.", reply.RetryAfter),
            502 or 504 => new PollFailure(
                ErrorCategory.ServerError, $"A proxy in front of {server} cannot reach it ({reply.Status}).",
                "Check that Keycloak is running and that the proxy forwards to it.", reply.RetryAfter),
            400 or 500 => new PollFailure(
                ErrorCategory.ServerError, $"{server} answered {reply.Status}{reply.Words()}", "Look into Keycloak's log.", reply.RetryAfter,
                reply.IsJson ? PageSuspicion.UnreadableRow : PageSuspicion.None),
            200 when !reply.IsJson => NotJson(source, reply),
            _ => new PollFailure(
                ErrorCategory.ServerError, $"{server} answered {reply.Status}{reply.Words()}", "Look into Keycloak's log.", reply.RetryAfter,
                PageSuspicion.TooLarge),
        };
    }

    /// <summary>Rows that were there a moment ago are missing, and others may be missing too.</summary>
    public static PollFailure Fewer(KeycloakSource source) => new(
        ErrorCategory.ServerError,
        $"{ConnectionFaults.Of(source)} returned fewer events than a moment ago, as a lagging node or database replica does.",
        "The request is repeated; if this persists, let the Keycloak nodes read from the primary database.");

    /// <summary>The failure behind a response of the token endpoint (RFC 6749 section 5.2, texts of Keycloak).</summary>
    public static PollFailure ClassifyToken(KeycloakSource source, KeycloakReply reply)
    {
        var (error, description) = (reply.Text("error"), reply.Text("error_description"));
        var (shown, told) = (reply.Shown("error"), reply.Shown("error_description"));
        var client = $"client '{source.ClientId}' of realm '{source.Realm}'";
        return (reply.Status, error, description) switch
        {
            (401, "unauthorized_client", "Client not enabled to retrieve service account") => Refused(
                $"Keycloak gives no token to {client}: it has no service account.",
                $"In the admin console: Clients → {source.ClientId} → Settings → Capability config → switch on Service accounts roles."),
            (401, "unauthorized_client", "Public client not allowed to retrieve service account") => Refused(
                $"Keycloak gives no token to {client}: it is a public client.",
                $"In the admin console: Clients → {source.ClientId} → Settings → Capability config → switch on Client authentication and "
                    + "Service accounts roles."),
            (400 or 401, "unauthorized_client" or "invalid_client", _) when source.Credential.Advice.Length > 0 => Refused(
                $"Keycloak gives no token to {client}: {shown}: {told.TrimEnd('.')}.",
                $"In the admin console: Clients → {source.ClientId} → {source.Credential.Advice}."),
            (401, "unauthorized_client", _) => Refused(
                $"Keycloak gives no token to {client}: wrong or missing client secret.",
                $"Copy it from Clients → {source.ClientId} → Credentials into source '{source.Name}'."),
            (401, "invalid_client", _) => Refused(
                $"Keycloak gives no token to {client}: there is no such client, or it is disabled.",
                $"In the admin console: Clients → {source.ClientId}, switch Enabled on, or correct the client id of source '{source.Name}'."),
            (401, "invalid_request", _) => Refused(
                $"Keycloak gives no token to {client}: {told}.",
                $"In the admin console: Users → service-account-{source.ClientId} → switch Enabled on."),
            (400, "invalid_client", _) => Refused(
                $"Keycloak gives no token to {client}: {told}.",
                $"In the admin console: Clients → {source.ClientId} → Settings → Capability config → switch on Client authentication and "
                    + "Service accounts roles."),
            (403, "access_denied", _) => Refused(
                $"Keycloak gives no token to {client}: the realm is disabled.", "In the admin console: Realm settings → switch Enabled on."),
            (404, "Realm does not exist", _) => RealmMissing(source),
            (400 or 401 or 403, { Length: > 0 }, _) => Refused(
                $"Keycloak gives no token to {client}: {shown}: {told}.", $"Compare client id and secret of source '{source.Name}' with the client's."),
            _ => Classify(source, reply),
        };
    }

    public static PollFailure Unreadable(KeycloakSource source) => new(
        ErrorCategory.ServerError,
        $"{ConnectionFaults.Of(source)} answered 200 with a page of events that is not complete JSON.",
        "It is truncated where the server cannot read a stored event.",
        null,
        PageSuspicion.UnreadableRow);

    private static PollFailure Refused(string what, string advice) => new(ErrorCategory.Authentication, what, advice);

    private static PollFailure NotFound(KeycloakSource source, KeycloakReply reply) => reply.Text("error") switch
    {
        "Realm not found." => RealmMissing(source),
        "HTTP 404 Not Found" => new PollFailure(
            ErrorCategory.Configuration,
            $"{ConnectionFaults.Of(source)} has no events API (404).",
            "Check that the admin REST API is not disabled (feature admin-api)."),
        _ => new PollFailure(
            ErrorCategory.Configuration,
            $"{ConnectionFaults.Of(source)} has no admin API at this address (404){reply.Words()}",
            "Check the base URL, and that the proxy lets /admin through."),
    };

    // Without the query, which may contain confidential values.
    private static string Target(KeycloakReply reply) => reply.Location switch
    {
        null => "no address",
        { IsAbsoluteUri: true } location => reply.Hide(location.GetLeftPart(UriPartial.Path)),
        var location => reply.Hide(location.OriginalString.Split('?', '#')[0]),
    };

    private static PollFailure NotJson(KeycloakSource source, KeycloakReply reply) => new(
        ErrorCategory.Configuration,
        $"{ConnectionFaults.Of(source)} answered with {reply.Hide(reply.MediaType ?? "no content type")} instead of JSON.",
        "A proxy or a sign-on page seems to be in front of it; let the forwarder reach the admin API directly.");
}
