namespace SiemForwarder.Events.Keycloak;

/// <summary>User event types with the same meaning to a SIEM: their classes, and the severities of success and failure.</summary>
/// <param name="Severity">Severity of the success type, 0 to 10.</param>
/// <param name="FailureSeverity">Severity of the <c>_ERROR</c> types, 0 to 10.</param>
/// <param name="Classification">Classes in the schemas of SIEMs.</param>
internal sealed record UserEventGroup(int Severity, int FailureSeverity, EventClassification Classification)
{
    /// <summary>Placeholder for the event type in words, if an OCSF activity has no name of its own.</summary>
    public const string TypeInWords = "<type>";

    public static readonly UserEventGroup InteractiveLogin = new(1, 4, new(
        "Interactive login", "login", new(3002, 1), new(3002, 1),
        ["authentication"], ["start"],
        "Authentication/Logon", "USER_LOGIN",
        "Authentication"));

    public static readonly UserEventGroup ServiceAccountLogin = new(1, 5, new(
        "Service-account login (client credentials)", "service account login", new(3002, 1), new(3002, 1),
        ["authentication"], ["start"],
        "Authentication/Logon", "USER_LOGIN",
        "Authentication"));

    public static readonly UserEventGroup Logout = new(1, 3, new(
        "Logout / session end", "logout", new(3002, 2), new(3002, 2),
        ["authentication"], ["end"],
        "Authentication/Logoff", "USER_LOGOUT",
        "Authentication (no dataset; keep action=success, signature=LOGOUT)"));

    public static readonly UserEventGroup LoginStage = new(1, 4, new(
        "Login stages (brokered login legs, restart, PAR, device-flow start)", "login stage", new(3002, 6), new(3002, 6),
        ["authentication"], ["info"],
        "Authentication/Logon (EventSubType unset)", "USER_UNCATEGORIZED",
        "Authentication action=pending|failure"));

    public static readonly UserEventGroup Impersonation = new(8, 6, new(
        "Impersonation", "impersonate", new(3002, 7), new(3002, 7),
        ["authentication", "iam"], ["start", "user"],
        "Authentication/Elevate (EventSubType=AssumeRole)", "USER_LOGIN",
        "Authentication, tag privileged, src_user=impersonator"));

    public static readonly UserEventGroup TokenIssue = new(1, 4, new(
        "Token issue", "issue token", new(3002, 99, "Token Grant"), new(3002, 99, "Token Grant"),
        ["authentication"], ["info"],
        "Authentication/Logon only for JWT grants; otherwise AuditEvent/Execute", "USER_RESOURCE_ACCESS",
        "none"));

    public static readonly UserEventGroup TokenRefresh = new(0, 3, new(
        "Token refresh", "refresh token", new(3002, 99, "Token Refresh"), new(3002, 99, "Token Refresh"),
        ["authentication"], ["info"],
        "AuditEvent/Execute", "USER_RESOURCE_ACCESS",
        "none"));

    public static readonly UserEventGroup TokenExchange = new(3, 6, new(
        "Token exchange", "exchange token", new(3002, 99, "Token Exchange"), new(3002, 99, "Token Exchange"),
        ["authentication"], ["info"],
        "Authentication/Elevate", "USER_RESOURCE_ACCESS",
        "Authentication"));

    public static readonly UserEventGroup TokenRead = new(0, 4, new(
        "Token / user-info reads", "read token", new(6003, 2), new(6003, 2),
        ["api"], ["access"],
        "AuditEvent/Read", "USER_RESOURCE_ACCESS",
        "none"));

    public static readonly UserEventGroup InvalidSignature = new(7, 7, new(
        "Invalid signature", "verify signature", new(3002, 99, "Invalid Signature"), new(3002, 99, "Invalid Signature"),
        ["authentication"], ["info"],
        "Authentication/Logon, EventResult=Failure", "USER_LOGIN (AUTH_VIOLATION)",
        "Authentication action=error"));

    public static readonly UserEventGroup VerifiableCredential = new(2, 4, new(
        "Verifiable credentials (OID4VCI)", "verifiable credential", new(3002, 99, "Verifiable Credential"), new(3002, 99, "Verifiable Credential"),
        ["authentication"], ["info"],
        "AuditEvent/Execute", "USER_RESOURCE_ACCESS",
        "none"));

    public static readonly UserEventGroup SelfRegistration = new(3, 4, new(
        "Self-registration", "register account", new(3001, 1), new(3007, 1),
        ["iam"], ["user", "creation"],
        "UserManagement/UserCreated", "USER_CREATION",
        "Change/Account_Management action=created"));

    public static readonly UserEventGroup AccountSelfDeletion = new(4, 4, new(
        "Account self-deletion", "delete account", new(3001, 6), new(3007, 3),
        ["iam"], ["user", "deletion"],
        "UserManagement/UserDeleted", "USER_DELETION",
        "Change/Account_Management action=deleted"));

    public static readonly UserEventGroup PasswordChange = new(3, 5, new(
        "Password change", "change password", new(3001, 3), new(3007, 8),
        ["iam"], ["user", "change"],
        "UserManagement/PasswordChanged", "USER_CHANGE_PASSWORD",
        "Change/Account_Management action=modified object_attrs=password"));

    public static readonly UserEventGroup PasswordReset = new(4, 5, new(
        "Password reset", "reset password", new(3001, 4), new(3007, 9),
        ["iam"], ["user", "change"],
        "UserManagement/PasswordReset", "USER_CHANGE_PASSWORD",
        "Change/Account_Management action=modified object_attrs=password"));

    public static readonly UserEventGroup MfaEnrolment = new(4, 5, new(
        "MFA enrol", "enrol mfa", new(3001, 10), new(3007, 12),
        ["iam"], ["user", "change"],
        "UserManagement/UserModified (EventSubType=MFA)", "USER_UNCATEGORIZED",
        "Change/Account_Management action=modified object_attrs=mfa"));

    public static readonly UserEventGroup MfaRemoval = new(6, 5, new(
        "MFA remove", "remove mfa", new(3001, 11), new(3007, 13),
        ["iam"], ["user", "change"],
        "UserManagement/UserModified", "USER_UNCATEGORIZED",
        "Change/Account_Management action=modified object_attrs=mfa"));

    public static readonly UserEventGroup CredentialSet = new(4, 5, new(
        "Credential set", "set credential", new(3001, 10), new(3007, 12),
        ["iam"], ["user", "change"],
        "UserManagement/UserModified | PasswordChanged", "USER_UNCATEGORIZED | USER_CHANGE_PASSWORD",
        "Change/Account_Management action=modified"));

    public static readonly UserEventGroup CredentialRemoval = new(6, 5, new(
        "Credential removed", "remove credential", new(3001, 11), new(3007, 13),
        ["iam"], ["user", "change"],
        "UserManagement/UserModified", "USER_UNCATEGORIZED",
        "Change/Account_Management action=modified"));

    public static readonly UserEventGroup TemporaryLockout = new(6, 6, new(
        "Brute-force lockout, temporary", "lock account", new(3001, 9), new(3007, 6),
        ["iam"], ["user", "change"],
        "UserManagement/UserLocked", "USER_UNCATEGORIZED",
        "Change/Account_Management action=lockout result=lockout"));

    public static readonly UserEventGroup PermanentLockout = new(8, 8, new(
        "Brute-force lockout, permanent", "disable account", new(3001, 9), new(3007, 6),
        ["iam"], ["user", "change"],
        "UserManagement/UserLocked", "USER_UNCATEGORIZED",
        "Change/Account_Management action=lockout result=lockout"));

    public static readonly UserEventGroup ProfileChange = new(3, 4, new(
        "Profile / e-mail change, e-mail verified", "update account", new(3004, 3), new(3007, 2),
        ["iam"], ["user", "change"],
        "UserManagement/UserModified", "USER_UNCATEGORIZED",
        "Change/Account_Management action=modified"));

    public static readonly UserEventGroup FederatedIdentityLink = new(5, 5, new(
        "Federated identity link / override", "link identity", new(3004, 3), new(3007, 2),
        ["iam"], ["user", "change"],
        "UserManagement/UserModified", "USER_UNCATEGORIZED",
        "Change/Account_Management action=modified object_attrs=federated_identity"));

    public static readonly UserEventGroup FederatedIdentityUnlink = new(4, 4, new(
        "Federated identity unlink", "unlink identity", new(3004, 3), new(3007, 2),
        ["iam"], ["user", "change"],
        "UserManagement/UserModified", "USER_UNCATEGORIZED",
        "Change/Account_Management action=modified object_attrs=federated_identity"));

    public static readonly UserEventGroup ConsentGrant = new(3, 4, new(
        "Consent granted / changed", "grant consent", new(3005, 1), new(3007, 14),
        ["iam"], ["user", "change"],
        "AuditEvent/Set", "USER_CHANGE_PERMISSIONS",
        "Change action=acl_modified"));

    public static readonly UserEventGroup ConsentRevocation = new(2, 4, new(
        "Consent revoked", "revoke consent", new(3005, 2), new(3007, 15),
        ["iam"], ["user", "change"],
        "AuditEvent/Delete", "USER_CHANGE_PERMISSIONS",
        "Change action=acl_modified"));

    public static readonly UserEventGroup RequiredAction = new(2, 4, new(
        "Mails and required actions", "required action", new(3001, 99, TypeInWords), new(3007, 99, TypeInWords),
        ["iam"], ["user", "info"],
        "AuditEvent/Execute", "USER_UNCATEGORIZED",
        "none"));

    public static readonly UserEventGroup OrganizationInvitation = new(3, 4, new(
        "Organization invitation", "invite to organization", new(3004, 99, "Invite"), new(3004, 99, "Invite"),
        ["iam"], ["user", "info"],
        "AuditEvent/Execute", "USER_UNCATEGORIZED",
        "none"));

    public static readonly UserEventGroup ClientRegistration = new(5, 5, new(
        "Dynamic client registration", "register client", new(3004, 1), new(3004, 1),
        ["iam", "configuration"], ["creation"],
        "AuditEvent/Create", "USER_RESOURCE_CREATION",
        "Change action=created object_category=client"));

    public static readonly UserEventGroup ClientUpdate = new(5, 5, new(
        "Dynamic client update", "update client", new(3004, 3), new(3004, 3),
        ["iam", "configuration"], ["change"],
        "AuditEvent/Set", "USER_RESOURCE_UPDATE_CONTENT",
        "Change action=modified object_category=client"));

    public static readonly UserEventGroup ClientDeletion = new(5, 5, new(
        "Dynamic client delete", "delete client", new(3004, 4), new(3004, 4),
        ["iam", "configuration"], ["deletion"],
        "AuditEvent/Delete", "USER_RESOURCE_DELETION",
        "Change action=deleted object_category=client"));

    public static readonly UserEventGroup NodeRegistration = new(2, 4, new(
        "Client node registration", "register node", new(3004, 6), new(3004, 6),
        ["configuration"], ["creation"],
        "AuditEvent/Create", "USER_RESOURCE_CREATION",
        "Change action=created"));

    public static readonly UserEventGroup NodeRemoval = new(2, 4, new(
        "Client node removal", "unregister node", new(3004, 7), new(3004, 7),
        ["configuration"], ["deletion"],
        "AuditEvent/Delete", "USER_RESOURCE_DELETION",
        "Change action=deleted"));

    /// <summary>A type that the catalogue does not list: in the class of logins, with an activity of its own.</summary>
    public static readonly UserEventGroup Unknown = new(3, 3, new(
        "Unknown user event", "other", new(3002, 99, TypeInWords), new(3002, 99, TypeInWords),
        ["authentication"], ["info"],
        "AuditEvent/Other", "USER_UNCATEGORIZED",
        "none"));
}
