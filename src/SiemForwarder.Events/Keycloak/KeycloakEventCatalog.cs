using System.Collections.Frozen;

namespace SiemForwarder.Events.Keycloak;

/// <summary>Keycloak's event types, with their meaning to people and to SIEMs.</summary>
public static class KeycloakEventCatalog
{
    /// <summary>Suffix of user event types that report a failure.</summary>
    public const string ErrorSuffix = "_ERROR";

    private const string Password = "password";

    private static readonly FrozenDictionary<string, EventDescription> UserTypes = UserEventTypes.Rows
        .SelectMany(row => new[] { row.Describe(failure: false), row.Describe(failure: true) })
        .ToFrozenDictionary(description => description.Type, StringComparer.Ordinal);

    private static readonly FrozenDictionary<string, EventDescription>.AlternateLookup<ReadOnlySpan<char>> UserTypesBySpan =
        UserTypes.GetAlternateLookup<ReadOnlySpan<char>>();

    private static readonly FrozenDictionary<string, AdminOperations> Resources = ResourceTypes.Rows
        .Select(row => new AdminOperations(row, [.. UserAdministration.Rows, .. RoleAdministration.Rows, .. SettingsAdministration.Rows]))
        .ToFrozenDictionary(deeds => deeds.Resource.Type);

    // The credential types of Keycloak 26.7 other than the password; a plug-in may use any name.
    private static readonly string[] SecondFactors = ["otp", "webauthn", "webauthn-passwordless", "recovery-authn-codes"];

    private static readonly FrozenDictionary<(string Operation, string CredentialType), EventDescription> RemovedCredentials = DescribeRemovedCredentials();

    private static readonly AdminOperations CustomResource = Resources["CUSTOM"];

    private static readonly FrozenDictionary<(string Type, string CredentialType), EventDescription> CredentialTypes = DescribeCredentialTypes();

    /// <summary>Every type in the catalogue, user events first; for an admin event type with several meanings, the general one.</summary>
    public static IReadOnlyList<EventDescription> All { get; } =
    [
        .. UserEventTypes.Rows.SelectMany(row => new[] { UserTypes[row.Type], UserTypes[row.Type + ErrorSuffix] }),
        .. ResourceTypes.Rows.SelectMany(row => AdminOperations.Operations.Select(operation => Resources[row.Type].Find(operation, "")!)),
    ];

    /// <summary>Every distinguishable activity, including those that share a type.</summary>
    internal static IEnumerable<EventDescription> Deeds =>
    [
        .. UserTypes.Values, .. CredentialTypes.Values.DistinctBy(description => description.SignatureId),
        .. Resources.Values.SelectMany(operations => operations.All), UserDisabled, UserEnabled,
        .. RemovedCredentials.Values.DistinctBy(description => description.SignatureId),
    ];

    internal static EventDescription UserDisabled { get; } = UserAdministration.UserDisabled.Describe("UPDATE", Resources["USER"].Resource);

    internal static EventDescription UserEnabled { get; } = UserAdministration.UserEnabled.Describe("UPDATE", Resources["USER"].Resource);

    internal static EventDescription EventSettingsChanged { get; } = Resources["REALM"].Find("UPDATE", "events/config")!;

    /// <summary>The description of a user event type, or null for one that the catalogue does not list.</summary>
    public static EventDescription? FindUser(string type) => UserTypes.GetValueOrDefault(type);

    /// <summary>The same for a name that is no string of its own.</summary>
    public static EventDescription? FindUser(ReadOnlySpan<char> type) =>
        UserTypesBySpan.TryGetValue(type, out var description) ? description : null;

    /// <summary>The description of an operation on a resource, or null if the catalogue does not list the operation or the resource type.</summary>
    public static EventDescription? FindAdmin(string operation, string resourceType, string resourcePath) =>
        Resources.TryGetValue(resourceType, out var deeds) ? deeds.Find(operation, resourcePath) : null;

    /// <summary>The description of a user event; the credential type distinguishes a password from a second factor.</summary>
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

    /// <summary>The id of the resource identified by a path, or null if it cannot be determined.</summary>
    internal static string? FindResourceId(string resourceType, string resourcePath) =>
        Resources.GetValueOrDefault(resourceType)?.Resource.FindId(resourcePath);

    /// <summary>The description of an administrator removing a credential of a known type; null for other types.</summary>
    internal static EventDescription? FindRemoval(string operation, string credentialType) =>
        RemovedCredentials.GetValueOrDefault((operation, credentialType));

    private static FrozenDictionary<(string Operation, string CredentialType), EventDescription> DescribeRemovedCredentials() =>
        UserAdministration.PasswordRemoved.Operations.Split(' ')
            .SelectMany(operation => SecondFactors.Append(Password).Select(type => (Operation: operation, CredentialType: type)))
            .ToFrozenDictionary(key => key, key =>
            {
                var row = key.CredentialType == Password ? UserAdministration.PasswordRemoved : UserAdministration.SecondFactorRemoved;
                return row.Describe(key.Operation, Resources["USER"].Resource);
            });

    private static FrozenDictionary<(string Type, string CredentialType), EventDescription> DescribeCredentialTypes()
    {
        var password = UserEventGroup.CredentialRemoval with
        {
            Classification = UserEventGroup.PasswordChange.Classification with { Action = "remove password" },
        };
        var rows = new List<(string CredentialType, UserEventRow Row)>
        {
            (Password, new("UPDATE_CREDENTIAL", "Password change", "A user changed their password.", UserEventGroup.PasswordChange)),
            (Password, new("REMOVE_CREDENTIAL", "Password removal", "A user removed their password.", password)),
        };
        foreach (var secondFactor in SecondFactors)
        {
            rows.Add((secondFactor, new("UPDATE_CREDENTIAL", "MFA enrolment", "A user set up a second factor.", UserEventGroup.MfaEnrolment)));
            rows.Add((secondFactor, new("REMOVE_CREDENTIAL", "MFA removal", "A user removed a second factor.", UserEventGroup.MfaRemoval)));
        }

        return rows
            .SelectMany(entry => Twins(entry.Row, entry.CredentialType == Password ? Password : "mfa"), (entry, twin) => (entry.CredentialType, Twin: twin))
            .ToFrozenDictionary(entry => (entry.Twin.Type, entry.CredentialType), entry => entry.Twin);

        static EventDescription[] Twins(UserEventRow row, string deed) => [row.Describe(failure: false, deed), row.Describe(failure: true, deed)];
    }
}
