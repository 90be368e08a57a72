using System.Collections.Frozen;

namespace SiemForwarder.Events.Keycloak;

/// <summary>The roles that allow their holder to administer a realm or its users.</summary>
internal static class AdminRoles
{
    private static readonly FrozenSet<string> Named = FrozenSet.ToFrozenSet(["admin", "realm-admin", "create-realm", "impersonation"]);

    // Roles of the account console, which everyone has.
    private static readonly FrozenSet<string> OwnAccount = FrozenSet.ToFrozenSet(["manage-account", "manage-account-links", "manage-consent"]);

    public static bool Contains(string role) =>
        Named.Contains(role) || (role.StartsWith("manage-", StringComparison.Ordinal) && !OwnAccount.Contains(role));
}
