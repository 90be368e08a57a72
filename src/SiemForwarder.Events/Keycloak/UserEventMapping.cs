namespace SiemForwarder.Events.Keycloak;

/// <summary>Maps a login event to the normalized record.</summary>
internal static class UserEventMapping
{
    private const string ServiceAccountPrefix = "service-account-";

    public static SecurityEvent Map(in KeycloakEvent userEvent, in EventOrigin origin, bool isReadable)
    {
        var type = string.IsNullOrEmpty(userEvent.Type) ? EventOrigin.UnknownType : userEvent.Type;
        var details = userEvent.Details;
        var credentialType = EventDetails.Find(details, "credential_type");
        var description = KeycloakEventCatalog.DescribeUser(type, credentialType);
        var failed = !string.IsNullOrEmpty(userEvent.Error) || type.EndsWith(KeycloakEventCatalog.ErrorSuffix, StringComparison.Ordinal);
        var subject = Subject(userEvent, type, origin.Source);
        return new SecurityEvent
        {
            Id = origin.IdOr(userEvent.Id),
            Kind = EventKind.User,
            Type = type,
            Description = description,
            OccurredAt = origin.At(userEvent.Time),
            ReceivedAt = origin.ReceivedAt,
            Outcome = userEvent.Type is null || !isReadable ? EventOutcome.Unknown : failed ? EventOutcome.Failure : EventOutcome.Success,
            Severity = failed ? FailureSeverity(userEvent.Error, description) : description.Severity,
            Source = origin.Source,
            Position = origin.Position,
            Reason = userEvent.Error,
            RealmId = userEvent.RealmId,
            Actor = Impersonator(userEvent) ?? subject,
            Subject = subject,
            ClientId = userEvent.ClientId,
            SessionId = userEvent.SessionId,
            TransactionId = EventDetails.Find(details, "code_id"),
            IpAddress = userEvent.IpAddress,
            Details = details,
            IsDeprecatedDuplicate = credentialType is not null && IsDeprecatedDuplicate(type, userEvent),
            Raw = origin.Raw,
        };
    }

    private static EventParty? Subject(in KeycloakEvent userEvent, string type, EventSource source)
    {
        // Since Keycloak 25, a failed refresh names its user only here.
        var id = userEvent.UserId ?? EventDetails.Find(userEvent.Details, "refresh_token_sub");
        var name = EventDetails.Find(userEvent.Details, "username") ?? userEvent.UserName;
        var isServiceAccount = type is "CLIENT_LOGIN" or "CLIENT_LOGIN_ERROR" || name?.StartsWith(ServiceAccountPrefix, StringComparison.Ordinal) == true;
        if (id is null && name is null && !isServiceAccount)
        {
            return null;
        }

        return new EventParty(id, name, EventDetails.Find(userEvent.Details, "email"), source.Realm, userEvent.ClientId)
        {
            IsServiceAccount = isServiceAccount,
        };
    }

    // IMPERSONATE names the impersonator; since Keycloak 26.8 so does every event of that session (keycloak/keycloak#51489).
    private static EventParty? Impersonator(in KeycloakEvent userEvent)
    {
        var name = EventDetails.Find(userEvent.Details, "impersonator");
        var id = EventDetails.Find(userEvent.Details, "impersonator_id");
        return string.IsNullOrEmpty(name) && string.IsNullOrEmpty(id)
            ? null
            : new EventParty(id, name, null, EventDetails.Find(userEvent.Details, "impersonator_realm"), userEvent.ClientId);
    }

    private static int FailureSeverity(string? error, EventDescription description) => error switch
    {
        "user_temporarily_disabled" => 6,
        "user_disabled" => 5,
        "invalid_client_credentials" => 5,
        "different_user_authenticated" => 6,
        "invalid_signature" => 7,
        _ => description.FailureSeverity,
    };

    // Only servers since 26.0 give these the credential type of their twin. REMOVE_TOTP had one before, but events had no ids then.
    private static bool IsDeprecatedDuplicate(string type, in KeycloakEvent userEvent) => type switch
    {
        "UPDATE_PASSWORD" or "UPDATE_PASSWORD_ERROR" or "UPDATE_TOTP" or "UPDATE_TOTP_ERROR" => true,
        "CUSTOM_REQUIRED_ACTION" or "CUSTOM_REQUIRED_ACTION_ERROR" => true,
        "REMOVE_TOTP" or "REMOVE_TOTP_ERROR" => userEvent.Id is not null,
        _ => false,
    };
}
