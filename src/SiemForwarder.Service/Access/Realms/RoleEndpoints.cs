using System.ComponentModel;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Access.Realms;

/// <summary>Who in the realm is to have a role.</summary>
/// <param name="GrantedTo">Names of realm roles, roles of the client, and groups (soc/leads) whose holders have the role: at most 100, each of at most 255
/// characters; empty for nobody.</param>
public sealed record RoleRequest(IReadOnlyList<string>? GrantedTo = null);

/// <summary>A role that the realm can grant.</summary>
/// <param name="Name">The role.</param>
/// <param name="GrantedTo">Realm roles, roles of the client and groups whose holders have it; empty for nobody.</param>
/// <param name="Origin"><c>own</c> if it was changed here, <c>setting</c> if Forwarder:Access:Oidc:Roles says it, <c>name</c> if the role goes by its own
/// name.</param>
/// <param name="Permissions">What it allows.</param>
/// <param name="Version">Incremented with each change; 0 if it was not changed here.</param>
/// <param name="ManagedBy">The configuration file that manages it.</param>
/// <param name="ChangedAt">When it was last changed here.</param>
/// <param name="ChangedBy">Who changed it.</param>
/// <param name="Warnings">What may not be intended as written.</param>
public sealed record RoleResponse(
    string Name, IReadOnlyList<string> GrantedTo, string Origin, IReadOnlyList<string> Permissions, int Version, string? ManagedBy,
    DateTimeOffset? ChangedAt, string? ChangedBy, IReadOnlyList<string> Warnings);

/// <summary>The resource <c>roles</c>.</summary>
internal static class RoleEndpoints
{
    private const string Thing = "role";
    private const int MaxNames = 100;
    private const int MaxCharacters = 255;

    public static void MapRoles(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/roles").WithTags("Access");
        group.MapGet("/", List).WithName("ListRoles").Needs(Permission.ReadAudit)
            .WithSummary("Lists the roles that the realm can grant, and who has them there.");
        group.MapGet("/{name}", Get).WithName("GetRole").Needs(Permission.ReadAudit).ShowsVersion()
            .WithSummary("Returns a role and who in the realm has it; the ETag is its version.");
        group.MapPut("/{name}", Put).WithName("UpdateRole").Needs(Permission.Configure).AsksForVersion()
            .WithSummary("Says who in the realm has a role, in place of the setting; whoever is signed in by the realm signs in again. Requires If-Match.");
        group.MapDelete("/{name}", Delete).WithName("DeleteRole").Needs(Permission.Configure).AsksForVersion()
            .WithSummary("Takes a change of a role back: the setting or the role's own name counts again. Requires If-Match.");
    }

    private static async Task<Results<Ok<ListPage<RoleResponse>>, ValidationProblem>> List(
        [AsParameters] WholeListQuery query, RealmRoles roles, IOptions<OidcOptions> realm, CancellationToken cancellationToken) =>
        query.Cut<RoleResponse>([.. (await roles.ReadNowAsync(cancellationToken)).Select(role => Show(role, realm.Value))]);

    private static async Task<Results<Ok<RoleResponse>, ProblemHttpResult>> Get(
        string name, RealmRoles roles, IOptions<OidcOptions> realm, HttpResponse response, CancellationToken cancellationToken)
    {
        if (await FindAsync(name, roles, cancellationToken) is not { } role)
        {
            return Problems.NotFound(Thing, name);
        }

        EntityTag.Set(response, role.Stored?.Version ?? 0);
        return TypedResults.Ok(Show(role, realm.Value));
    }

    private static async Task<Results<Ok<RoleResponse>, ValidationProblem, ProblemHttpResult>> Put(
        string name, RoleRequest request, RealmRoles roles, RoleGrantTable table, IOptions<OidcOptions> realm, HttpContext http,
        CancellationToken cancellationToken, [Description(Provenance.Description)] string? managedBy = null)
    {
        if (await FindAsync(name, roles, cancellationToken) is not { } role)
        {
            return Problems.NotFound(Thing, name);
        }

        var errors = new FieldErrors();
        Check(request.GrantedTo, errors);
        var manager = Provenance.Read(managedBy, role.Stored?.ManagedBy, errors);
        if (errors.Any)
        {
            return Problems.Invalid(errors);
        }

        var version = role.Stored?.Version ?? 0;
        if (EntityTag.Refuse(http.Request, Thing, version) is { } refusal)
        {
            return refusal;
        }

        var names = Plain(request.GrantedTo!);
        var grant = new RoleGrant(name, names, version, manager, default, Caller.Of(http.User)!.Name);
        if (await table.SaveAsync(grant, !IsSame(names, role.GrantedTo), cancellationToken) != ChangeResult.Done)
        {
            return Problems.Stale(Thing);
        }

        roles.Forget();
        Provenance.Warn(http.Response, Thing, role.Stored?.ManagedBy, managedBy);
        EntityTag.Set(http.Response, version + 1);
        return TypedResults.Ok(Show((await FindAsync(name, roles, cancellationToken))!, realm.Value));
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> Delete(
        string name, RealmRoles roles, RoleGrantTable table, IOptions<OidcOptions> realm, HttpContext http, CancellationToken cancellationToken)
    {
        if (await FindAsync(name, roles, cancellationToken) is not { Stored: { } stored } role)
        {
            return Problems.NotFound("changed role", name);
        }

        if (EntityTag.Refuse(http.Request, Thing, stored.Version) is { } refusal)
        {
            return refusal;
        }

        var isSame = IsSame(role.GrantedTo, RealmRoles.OfSettings(name, realm.Value).GrantedTo);
        if (await table.DeleteAsync(name, stored.Version, !isSame, cancellationToken) != ChangeResult.Done)
        {
            return Problems.Stale(Thing);
        }

        roles.Forget();
        Provenance.Warn(http.Response, Thing, stored.ManagedBy, null);
        return TypedResults.NoContent();
    }

    /// <summary>Checks who is to have a role.</summary>
    public static void Check(IReadOnlyList<string>? names, FieldErrors errors)
    {
        const string Field = "grantedTo";
        if (names is null || names.Count > MaxNames)
        {
            errors.Add(Field, $"Give a list of at most {MaxNames} realm roles, roles of the client or groups; an empty one for nobody.");
        }

        errors.NoneEmpty(Field, names?.Select(name => RealmCaller.Plain(name?.Trim() ?? "")).ToList());
        if (names?.FirstOrDefault(name => name?.Length > MaxCharacters) is { } tooLong)
        {
            errors.AtMost(Field, tooLong, MaxCharacters);
        }

        errors.OneLine(Field, string.Concat(names ?? []));
    }

    /// <summary>The names as they are compared: each once, in order, groups without the slash before them.</summary>
    public static IReadOnlyList<string> Plain(IEnumerable<string> names) =>
        [.. names.Select(name => RealmCaller.Plain(name.Trim())).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    /// <summary>What may not be intended about who has a role.</summary>
    public static IEnumerable<string> FindWarnings(string role, IReadOnlyList<string> names, OidcOptions realm)
    {
        if (!realm.IsOn)
        {
            yield return "No realm is configured (Forwarder:Access:Oidc), so nobody has a role by it.";
        }
        else if (role == Roles.Admin && names.Count == 0)
        {
            yield return "No account of the realm is an administrator then; only API keys are.";
        }
    }

    private static async Task<RealmRole?> FindAsync(string name, RealmRoles roles, CancellationToken cancellationToken) =>
        (await roles.ReadNowAsync(cancellationToken)).FirstOrDefault(role => role.Role == name);

    private static bool IsSame(IReadOnlyList<string> names, IReadOnlyList<string> others) => Plain(names).SequenceEqual(Plain(others));

    /// <summary>A role as the API shows it.</summary>
    public static RoleResponse Show(RealmRole role, OidcOptions realm) => new(
        role.Role, Plain(role.GrantedTo), role.Origin, [.. Roles.PermissionsOf([role.Role])], role.Stored?.Version ?? 0, role.Stored?.ManagedBy,
        role.Stored?.ChangedAt, role.Stored?.ChangedBy, [.. FindWarnings(role.Role, role.GrantedTo, realm)]);
}
