using System.Collections.Frozen;

namespace SiemForwarder.Events.Keycloak;

/// <summary>The event types of Keycloak: what each one means to people and to SIEMs.</summary>
public static class KeycloakEventCatalog
{
    /// <summary>Ends the name of a user event type that tells of a failure.</summary>
    public const string ErrorSuffix = "_ERROR";

    private static readonly FrozenDictionary<string, EventDescription> UserTypes = UserEventTypes.Rows
        .SelectMany(row => new[] { row.Describe(failure: false), row.Describe(failure: true) })
        .ToFrozenDictionary(description => description.Type);

    private static readonly FrozenDictionary<string, AdminOperations> Resources = ResourceTypes.Rows
        .Select(row => new AdminOperations(row, [.. UserAdministration.Rows, .. RoleAdministration.Rows, .. SettingsAdministration.Rows]))
        .ToFrozenDictionary(deeds => deeds.Resource.Type);

    private static readonly AdminOperations CustomResource = Resources["CUSTOM"];

    private static readonly FrozenDictionary<(string Type, string CredentialType), EventDescription> CredentialTypes = DescribeCredentialTypes();

    /// <summary>Every type that the catalogue lists, user events first; of an admin event type with several meanings the general one.</summary>
    public static IReadOnlyList<EventDescription> All { get; } =
    [
        .. UserEventTypes.Rows.SelectMany(row => new[] { UserTypes[row.Type], UserTypes[row.Type + ErrorSuffix] }),
        .. ResourceTypes.Rows.SelectMany(row => AdminOperations.Operations.Select(operation => Resources[row.Type].Find(operation, "")!)),
    ];

    internal static EventDescription UserDisabled { get; } = UserAdministration.UserDisabled.Describe("UPDATE", Resources["USER"].Resource);

    internal static EventDescription UserEnabled { get; } = UserAdministration.UserEnabled.Describe("UPDATE", Resources["USER"].Resource);

    internal static EventDescription EventSettingsChanged { get; } = Resources["REALM"].Find("UPDATE", "events/config")!;

    /// <summary>The description of a user event type, or null for one that the catalogue does not list.</summary>
    public static EventDescription? FindUser(string type) => UserTypes.GetValueOrDefault(type);

    /// <summary>The description of what was done to a resource, or null for an operation or a resource type that the catalogue does not list.</summary>
    public static EventDescription? FindAdmin(string operation, string resourceType, string resourcePath) =>
        Resources.TryGetValue(resourceType, out var deeds) ? deeds.Find(operation, resourcePath) : null;

    /// <summary>The description of a user event; a credential type tells a password from a second factor.</summary>
    internal static EventDescription DescribeUser(string type, string? credentialType)
    {
        if (credentialType is not null && CredentialTypes.TryGetValue((type, credentialType), out var description))
        {
            return description;
        }

        return UserTypes.TryGetValue(type, out description) ? description : UserEventRow.DescribeUnknown(type);
    }

    internal static EventDescription DescribeAdmin(string operation, string resourceType, string resourcePath) =>
        FindAdmin(operation, resourceType, resourcePath) ?? AdminOperations.DescribeUnknown(CustomResource, operation, resourceType);

    /// <summary>The id of the resource that a path names, or null where none can be told.</summary>
    internal static string? FindResourceId(string resourceType, string resourcePath) =>
        Resources.GetValueOrDefault(resourceType)?.Resource.FindId(resourcePath);

    private static FrozenDictionary<(string Type, string CredentialType), EventDescription> DescribeCredentialTypes()
    {
        var password = UserEventGroup.CredentialRemoval with
        {
            Classification = UserEventGroup.PasswordChange.Classification with { Action = "remove password" },
        };
        var rows = new List<(string CredentialType, UserEventRow Row)>
        {
            ("password", new("UPDATE_CREDENTIAL", "Password change", "A user changed the password.", UserEventGroup.PasswordChange)),
            ("password", new("REMOVE_CREDENTIAL", "Password removal", "A user removed the password.", password)),
        };
        foreach (var secondFactor in new[] { "otp", "webauthn", "webauthn-passwordless", "recovery-authn-codes" })
        {
            rows.Add((secondFactor, new("UPDATE_CREDENTIAL", "MFA enrolment", "A user set up a second factor.", UserEventGroup.MfaEnrolment)));
            rows.Add((secondFactor, new("REMOVE_CREDENTIAL", "MFA removal", "A user removed a second factor.", UserEventGroup.MfaRemoval)));
        }

        return rows
            .SelectMany(entry =>
                new[] { (entry.CredentialType, entry.Row.Describe(failure: false)), (entry.CredentialType, entry.Row.Describe(failure: true)) })
            .ToFrozenDictionary(entry => (entry.Item2.Type, entry.CredentialType), entry => entry.Item2);
    }
}
