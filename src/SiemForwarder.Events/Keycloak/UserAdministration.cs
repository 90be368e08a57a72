namespace SiemForwarder.Events.Keycloak;

/// <summary>Administrator actions on users; the first matching row applies.</summary>
internal static class UserAdministration
{
    public static readonly AdminEventRow[] Rows =
    [
        new("ACTION", "USER", "users/*/reset-password",
            "Password reset by administrator", "An administrator set a user's password.", 6, new(
            "Admin sets password", "reset password", new(3001, 4), new(3007, 9),
            ["iam"], ["user", "change"], "UserManagement/PasswordReset", "USER_CHANGE_PASSWORD", "Change/Account_Management modified"), "reset-password"),

        // The details state which credential it was, if anything does; see the rows below.
        new("ACTION DELETE", "USER", "users/*/credentials/*|users/*/disable-credential-types",
            "Credential removed by administrator", "An administrator removed or disabled a credential of a user.", 6, new(
            "Admin removes a credential / disables credential types", "remove credential",
            new(3001, 99, "Credential Removed"), new(3007, 99, "Credential Removed"),
            ["iam"], ["user", "change"], "UserManagement/UserModified", "USER_UNCATEGORIZED", "Change/Account_Management modified"), "remove-credential"),

        new("ACTION", "USER", "users/*/execute-actions-email|users/*/send-verify-email|users/*/reset-password-email",
            "Action e-mail sent by administrator", "An administrator sent a user an e-mail with required actions.", 3, new(
            "Admin sends action / verify mail", "send action e-mail", new(3001, 99, "Send Action E-mail"), new(3007, 99, "Send Action E-mail"),
            ["iam"], ["user", "info"], "AuditEvent/Execute", "USER_UNCATEGORIZED", "none"), "send-action-email"),

        new("ACTION", "USER", "users/*/logout",
            "User logged out by administrator", "An administrator ended the sessions of a user.", 3, new(
            "Admin logs a user out / deletes a session", "logout", new(3002, 2), new(3002, 2),
            ["authentication"], ["end"], "Authentication/Logoff", "USER_LOGOUT", "none"), "logout"),

        new("DELETE", "USER_SESSION", null,
            "Session ended by administrator", "An administrator ended a session.", 3, new(
            "Admin logs a user out / deletes a session", "logout", new(3002, 2), new(3002, 2),
            ["authentication"], ["end"], "Authentication/Logoff", "USER_LOGOUT", "none")),

        new("ACTION", "USER", "users/*/impersonation",
            "User impersonated by administrator", "An administrator started a session as another user.", 8, new(
            "Admin impersonates a user", "impersonate", new(3002, 7), new(3002, 7),
            ["authentication", "iam"], ["start", "user"], "Authentication/Elevate", "USER_LOGIN", "Authentication tag privileged"), "impersonate"),

        new("CREATE DELETE", "USER", "users/*/federated-identity/**",
            "Identity provider link changed by administrator", "An administrator added or removed a user's link to an identity provider.", 6, new(
            "Federated identity added / removed by admin", "link identity", new(3004, 3), new(3007, 2),
            ["iam"], ["user", "change"], "UserManagement/UserModified", "USER_UNCATEGORIZED", "Change/Account_Management modified"), "identity-link"),

        new("CREATE", "USER", null,
            "User created", "An administrator created a user.", 4, new(
            "User create", "create user", new(3001, 1), new(3007, 1),
            ["iam"], ["user", "creation"], "UserManagement/UserCreated", "USER_CREATION", "Change/Account_Management created")),

        new("UPDATE", "USER", null,
            "User updated", "An administrator changed a user.", 4, new(
            "User update", "update user", new(3004, 3), new(3007, 2),
            ["iam"], ["user", "change"], "UserManagement/UserModified", "USER_UNCATEGORIZED", "Change/Account_Management modified")),

        new("DELETE", "USER", null,
            "User deleted", "An administrator deleted a user.", 6, new(
            "User delete", "delete user", new(3001, 6), new(3007, 3),
            ["iam"], ["user", "deletion"], "UserManagement/UserDeleted", "USER_DELETION", "Change/Account_Management deleted")),

        new("DELETE", "USER_LOGIN_FAILURE", null,
            "User unlocked by administrator", "An administrator cleared the failed login counter of one or all users.", 4, new(
            "Brute-force counter cleared (unlock)", "unlock user", new(3001, 12), new(3007, 7),
            ["iam"], ["user", "change"], "UserManagement/UserUnlocked", "USER_UNCATEGORIZED", "Change/Account_Management unlocked")),
    ];

    public static readonly AdminEventRow UserDisabled = new("UPDATE", "USER", null,
        "User disabled", "An administrator disabled a user.", 5, new(
        "User disabled / enabled", "disable user", new(3001, 5), new(3007, 5),
        ["iam"], ["user", "change"], "UserManagement/UserDisabled", "USER_UNCATEGORIZED", "Change/Account_Management modified"), "disable");

    public static readonly AdminEventRow UserEnabled = new("UPDATE", "USER", null,
        "User enabled", "An administrator enabled a user.", 5, new(
        "User disabled / enabled", "enable user", new(3001, 2), new(3007, 4),
        ["iam"], ["user", "change"], "UserManagement/UserEnabled", "USER_UNCATEGORIZED", "Change/Account_Management modified"), "enable");

    public static readonly AdminEventRow PasswordRemoved = new("ACTION DELETE", "USER", null,
        "Password removed by administrator", "An administrator removed the password of a user.", 6, new(
        "Admin removes a credential / disables credential types", "remove password", new(3001, 3), new(3007, 8),
        ["iam"], ["user", "change"], "UserManagement/PasswordChanged", "USER_CHANGE_PASSWORD", "Change/Account_Management modified"), "remove-password");

    public static readonly AdminEventRow SecondFactorRemoved = new("ACTION DELETE", "USER", null,
        "MFA removed by administrator", "An administrator removed a second factor of a user.", 6, new(
        "Admin removes a credential / disables credential types", "remove mfa", new(3001, 11), new(3007, 13),
        ["iam"], ["user", "change"], "UserManagement/UserModified", "USER_UNCATEGORIZED", "Change/Account_Management modified"), "remove-mfa");
}
