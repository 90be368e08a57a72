namespace SiemForwarder.Events.Applications;

/// <summary>The event types beyond Keycloak's in the catalogue, one row each; senders may push other names as well.</summary>
internal static class ApplicationEventTypes
{
    public static readonly IReadOnlyList<EventDescription> Rows =
    [
        Row(
            "transaction.created", "Transaction created",
            "A person was asked to confirm a transaction.", 1, 3, EventOutcome.Success, null,
            new("Transactions", "create transaction", new(3002, 99, "Transaction Created"), new(3002, 99, "Transaction Created"),
                ["authentication"], ["info"],
                "AuditEvent/Create", "USER_RESOURCE_ACCESS", "Authentication action=pending")),
        Row(
            "transaction.verified", "Transaction verified",
            "A person confirmed a transaction.", 1, 4, EventOutcome.Success, null,
            new("Transactions", "verify transaction", new(3002, 99, "Transaction Verified"), new(3002, 99, "Transaction Verified"),
                ["authentication"], ["start"],
                "Authentication/Logon", "USER_LOGIN", "Authentication")),
        Row(
            "transaction.denied", "Transaction denied",
            "A person denied a transaction.", 5, 5, EventOutcome.Failure, null,
            new("Transactions", "deny transaction", new(3002, 99, "Transaction Denied"), new(3002, 99, "Transaction Denied"),
                ["authentication"], ["start"],
                "Authentication/Logon", "USER_LOGIN", "Authentication")),
        Row(
            "transaction.expired", "Transaction expired",
            "A transaction was not confirmed in time.", 3, 3, EventOutcome.Failure, null,
            new("Transactions", "expire transaction", new(3002, 99, "Transaction Expired"), new(3002, 99, "Transaction Expired"),
                ["authentication"], ["info"],
                "Authentication/Logon", "USER_UNCATEGORIZED", "Authentication")),

        Row(
            "certificate.issued", "Certificate issued",
            "A certificate was issued.", 3, 5, EventOutcome.Success, "Certificate",
            new("Certificates", "issue certificate", new(3004, 1), new(3004, 1),
                ["configuration"], ["creation"],
                "AuditEvent/Create", "RESOURCE_CREATION", "Change action=created object_category=certificate")),
        Row(
            "certificate.renewed", "Certificate renewed",
            "A certificate was renewed.", 3, 5, EventOutcome.Success, "Certificate",
            new("Certificates", "renew certificate", new(3004, 3), new(3004, 3),
                ["configuration"], ["change"],
                "AuditEvent/Set", "RESOURCE_WRITTEN", "Change action=modified object_category=certificate")),
        Row(
            "certificate.expired", "Certificate expired",
            "A certificate has expired.", 6, 6, EventOutcome.Unknown, "Certificate",
            new("Certificates", "expire certificate", new(3004, 99, "Certificate Expired"), new(3004, 99, "Certificate Expired"),
                ["configuration"], ["info"],
                "AuditEvent/Other", "GENERIC_EVENT", "none")),
        Row(
            "certificate.revoked", "Certificate revoked",
            "A certificate was revoked before it expired.", 6, 6, EventOutcome.Success, "Certificate",
            new("Certificates", "revoke certificate", new(3004, 9), new(3004, 9),
                ["configuration"], ["change"],
                "AuditEvent/Disable", "RESOURCE_WRITTEN", "Change action=modified object_category=certificate")),
        Row(
            "certificate.validation_failed", "Certificate validation failed",
            "A presented certificate is not valid.", 7, 7, EventOutcome.Failure, "Certificate",
            new("Certificates", "validate certificate", new(3002, 99, "Certificate Validation Failed"),
                new(3002, 99, "Certificate Validation Failed"),
                ["authentication"], ["info"],
                "Authentication/Logon", "USER_UNCATEGORIZED", "Authentication action=error")),

        Row(
            "key.generated", "Key generated",
            "A cryptographic key was generated.", 3, 5, EventOutcome.Success, "Key",
            new("Keys", "generate key", new(3004, 1), new(3004, 1),
                ["configuration"], ["creation"],
                "AuditEvent/Create", "RESOURCE_CREATION", "Change action=created object_category=key")),
        Row(
            "key.accessed", "Key accessed",
            "A cryptographic key was read or used.", 3, 6, EventOutcome.Success, "Key",
            new("Keys", "access key", new(3004, 2), new(3004, 2),
                ["configuration"], ["access"],
                "AuditEvent/Read", "RESOURCE_READ", "Change action=read object_category=key")),
        Row(
            "key.rotated", "Key rotated",
            "A cryptographic key was replaced with a new one.", 3, 5, EventOutcome.Success, "Key",
            new("Keys", "rotate key", new(3004, 3), new(3004, 3),
                ["configuration"], ["change"],
                "AuditEvent/Set", "RESOURCE_WRITTEN", "Change action=modified object_category=key")),
        Row(
            "key.destroyed", "Key destroyed",
            "A cryptographic key was permanently destroyed.", 6, 6, EventOutcome.Success, "Key",
            new("Keys", "destroy key", new(3004, 4), new(3004, 4),
                ["configuration"], ["deletion"],
                "AuditEvent/Delete", "RESOURCE_DELETION", "Change action=deleted object_category=key")),
        Row(
            "mtls.handshake", "Mutual TLS handshake",
            "A client authenticated with its certificate in a TLS handshake.", 1, 5, EventOutcome.Success, null,
            new("Keys", "tls handshake", new(3002, 99, "Mtls Handshake"), new(3002, 99, "Mtls Handshake"),
                ["authentication"], ["start"],
                "Authentication/Logon", "USER_LOGIN", "Authentication")),
        Row(
            "ssh_key.authentication", "SSH key authentication",
            "Someone logged in with an SSH key.", 1, 5, EventOutcome.Success, null,
            new("Keys", "ssh key login", new(3002, 1), new(3002, 1),
                ["authentication"], ["start"],
                "Authentication/Logon", "USER_LOGIN", "Authentication")),

        Row(
            "account.owner_changed", "Account owner changed",
            "An account was assigned to another owner.", 6, 6, EventOutcome.Success, null,
            new("Account lifecycle", "change owner", new(3004, 3), new(3007, 2),
                ["iam"], ["user", "change"],
                "UserManagement/UserModified", "USER_UNCATEGORIZED", "Change/Account_Management action=modified object_attrs=owner")),
        Row(
            "account.provisioned", "Account provisioned",
            "An account was set up in a system.", 4, 5, EventOutcome.Success, null,
            new("Account lifecycle", "provision account", new(3001, 1), new(3007, 1),
                ["iam"], ["user", "creation"],
                "UserManagement/UserCreated", "USER_CREATION", "Change/Account_Management action=created")),
        Row(
            "account.requires_renewal", "Account requires renewal",
            "An account will expire unless it is renewed.", 3, 4, EventOutcome.Unknown, null,
            new("Account lifecycle", "require renewal", new(3001, 99, "Account Requires Renewal"),
                new(3007, 99, "Account Requires Renewal"),
                ["iam"], ["user", "info"],
                "AuditEvent/Other", "USER_UNCATEGORIZED", "none")),
        Row(
            "account.secret_changed", "Account secret changed",
            "The password or another secret of an account was changed.", 5, 6, EventOutcome.Success, null,
            new("Account lifecycle", "change secret", new(3001, 3), new(3007, 8),
                ["iam"], ["user", "change"],
                "UserManagement/PasswordChanged", "USER_CHANGE_PASSWORD", "Change/Account_Management action=modified object_attrs=secret")),
        Row(
            "account.end_of_life", "Account end of life",
            "An account reached its end of life and is no longer in use.", 4, 5, EventOutcome.Success, null,
            new("Account lifecycle", "end account", new(3001, 5), new(3007, 5),
                ["iam"], ["user", "change"],
                "UserManagement/UserDisabled", "USER_UNCATEGORIZED", "Change/Account_Management action=modified object_attrs=lifecycle")),
        Row(
            "group.disabled_externally", "Group disabled externally",
            "A group was disabled in the system it comes from.", 5, 6, EventOutcome.Success, "Group",
            new("Account lifecycle", "disable group", new(3004, 9), new(3004, 9),
                ["iam"], ["group", "change"],
                "UserManagement/GroupModified", "GROUP_MODIFICATION", "Change action=modified object_category=group")),
        Row(
            "user.external_found", "External user found",
            "An unknown user was found in another system.", 4, 4, EventOutcome.Unknown, null,
            new("Account lifecycle", "find external user", new(3001, 99, "User External Found"), new(3007, 99, "User External Found"),
                ["iam"], ["user", "info"],
                "UserManagement/UserRead", "USER_UNCATEGORIZED", "none")),
        Row(
            "user.synced", "User synchronized",
            "A user was synchronized with another system.", 2, 4, EventOutcome.Success, null,
            new("Account lifecycle", "synchronize user", new(3004, 3), new(3007, 2),
                ["iam"], ["user", "change"],
                "UserManagement/UserModified", "USER_UNCATEGORIZED", "Change/Account_Management action=updated")),
        Row(
            "user.disabled_by_sync", "User disabled by synchronization",
            "A user was disabled because another system says so.", 5, 5, EventOutcome.Success, null,
            new("Account lifecycle", "disable user", new(3001, 5), new(3007, 5),
                ["iam"], ["user", "change"],
                "UserManagement/UserDisabled", "USER_UNCATEGORIZED", "Change/Account_Management action=modified")),

        Row(
            "provision.approval_changed", "Provisioning approval changed",
            "Someone approved a provisioning or withdrew the approval.", 5, 5, EventOutcome.Success, "Provisioning",
            new("Provisioning and requests", "change approval", new(3004, 3), new(3004, 3),
                ["iam"], ["admin", "change"],
                "AuditEvent/Set", "USER_CHANGE_PERMISSIONS", "Change action=modified object_category=provisioning")),
        Row(
            "provision.state_changed", "Provisioning state changed",
            "A provisioning changed its state.", 3, 5, EventOutcome.Success, "Provisioning",
            new("Provisioning and requests", "change provisioning state", new(3004, 3), new(3004, 3),
                ["iam"], ["admin", "change"],
                "AuditEvent/Set", "USER_RESOURCE_UPDATE_CONTENT", "Change action=modified object_category=provisioning")),
        Row(
            "provision.template_changed", "Provisioning template changed",
            "The template for provisioning accounts was changed.", 6, 6, EventOutcome.Success, "Provisioning Template",
            new("Provisioning and requests", "change template", new(3004, 3), new(3004, 3),
                ["iam", "configuration"], ["change"],
                "AuditEvent/Set", "USER_RESOURCE_UPDATE_CONTENT", "Change action=modified object_category=provisioning_template")),
        Row(
            "request.state_changed", "Request state changed",
            "A request changed its state.", 3, 5, EventOutcome.Success, "Request",
            new("Provisioning and requests", "change request state", new(3004, 3), new(3004, 3),
                ["iam"], ["admin", "change"],
                "AuditEvent/Set", "USER_RESOURCE_UPDATE_CONTENT", "Change action=modified object_category=request")),
        Row(
            "worker.access_error", "Worker access error",
            "A worker of a provisioning system could not reach or access a system.", 6, 6, EventOutcome.Failure, null,
            new("Provisioning and requests", "access system", new(6003, 99, "Worker Access Error"), new(6003, 99, "Worker Access Error"),
                ["api"], ["access", "denied"],
                "AuditEvent/Other", "USER_RESOURCE_ACCESS", "none")),
        Row(
            "audit", "Audit record",
            "An audit trail record that its sender does not classify further.", 2, 4, EventOutcome.Unknown, null,
            new("Provisioning and requests", "audit", new(6003, 99, "Audit"), new(6003, 99, "Audit"),
                ["api"], ["info"],
                "AuditEvent/Other", "GENERIC_EVENT", "none")),

        Row(
            "CONFIGURATION_CHANGED", "Configuration changed",
            "Someone changed the configuration of the forwarder, or tried to.", 6, 6, EventOutcome.Success, "Configuration",
            new("Forwarder", "change configuration", new(3004, 3), new(3004, 3),
                ["configuration"], ["change"],
                "AuditEvent/Set", "RESOURCE_WRITTEN", "Change action=modified object_category=configuration")),
        Row(
            "OPERATOR_ACTION", "Operator action",
            "Someone used the forwarder to test, check, pause, resume, replay or redrive something.", 3, 4, EventOutcome.Success, null,
            new("Forwarder", "operate", new(6003, 99, "Operator Action"), new(6003, 99, "Operator Action"),
                ["configuration"], ["info"],
                "AuditEvent/Other", "USER_RESOURCE_ACCESS", "none")),
        Row(
            "ACCESS_REFUSED", "Access refused",
            "Someone called the forwarder with an invalid credential, or without the required role.", 6, 6, EventOutcome.Failure, null,
            new("Forwarder", "refuse access", new(6003, 99, "Access Refused"), new(6003, 99, "Access Refused"),
                ["api"], ["access", "denied"],
                "AuditEvent/Other", "USER_RESOURCE_ACCESS", "none")),
    ];

    private static EventDescription Row(
        string type, string name, string summary, int severity, int failureSeverity, EventOutcome outcome, string? objectType,
        EventClassification classification) => new()
    {
        Type = type,
        Kind = EventKind.Application,
        Name = name,
        Summary = summary,
        Category = classification.EcsCategories[0],
        Classification = classification,
        Severity = severity,
        FailureSeverity = failureSeverity,
        UsualOutcome = outcome,
        ObjectType = objectType,
        Recommended = true,
        StoredByDefault = true,
    };
}
