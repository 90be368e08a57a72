using Microsoft.Extensions.Options;

namespace SiemForwarder.Service.Access.Realms;

/// <summary>One role, and who in the realm has it.</summary>
/// <param name="Role">The role.</param>
/// <param name="GrantedTo">Realm roles, roles of the client and groups whose holders have it.</param>
/// <param name="Origin"><c>own</c> if it was changed while the service runs, <c>setting</c>, or <c>name</c> for the role's own name.</param>
/// <param name="Stored">The change; null if there is none.</param>
internal sealed record RealmRole(string Role, IReadOnlyList<string> GrantedTo, string Origin, RoleGrant? Stored)
{
    public const string ByChange = "own";
    public const string BySetting = "setting";
    public const string ByName = "name";
}

/// <summary>Which names of the realm grant which role, without querying the database for each request.</summary>
/// <remarks>What was changed while the service runs replaces the setting of that role, which replaces the role's own name. A change made in this process
/// takes effect at once, one made in another after the configuration interval.</remarks>
internal sealed class RealmRoles(RoleGrantTable table, IOptions<OidcOptions> realm, IOptions<ForwarderOptions> options, TimeProvider time)
{
    private readonly RecentReading<IReadOnlyList<RealmRole>> recent = new(
        async token => Of(await table.ListAsync(token), realm.Value), time);

    /// <summary>The roles that a realm can grant.</summary>
    /// <exception cref="Npgsql.NpgsqlException">The database cannot be reached.</exception>
    public Task<IReadOnlyList<RealmRole>> ReadAsync() => recent.ReadAsync(options.Value.ConfigurationInterval);

    /// <summary>The roles that a realm can grant, as they are stored now.</summary>
    public async Task<IReadOnlyList<RealmRole>> ReadNowAsync(CancellationToken cancellationToken) =>
        Of(await table.ListAsync(cancellationToken), realm.Value);

    /// <summary>Makes the next request read them again.</summary>
    public void Forget() => recent.Forget();

    /// <summary>The roles that a realm can grant, most powerful first.</summary>
    public static IReadOnlyList<RealmRole> Of(IReadOnlyDictionary<string, RoleGrant> stored, OidcOptions realm) =>
        [.. RealmCaller.Granted.Select(role => stored.TryGetValue(role, out var grant) ? new RealmRole(role, grant.GrantedTo, RealmRole.ByChange, grant)
            : OfSettings(role, realm))];

    /// <summary>A role as the settings say it.</summary>
    public static RealmRole OfSettings(string role, OidcOptions realm) => realm.Roles.TryGetValue(role, out var names)
        ? new RealmRole(role, names, RealmRole.BySetting, null)
        : new RealmRole(role, [role], RealmRole.ByName, null);
}
