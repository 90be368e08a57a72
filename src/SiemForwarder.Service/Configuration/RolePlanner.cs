using System.Text.Json.Nodes;
using Microsoft.Extensions.Options;
using SiemForwarder.Service.Access.Realms;
using SiemForwarder.Service.Api;

namespace SiemForwarder.Service.Configuration;

/// <summary>Compares declared roles with who has them now, by the rules of their own changes; changes nothing.</summary>
internal sealed class RolePlanner(RealmRoles roles, IOptions<OidcOptions> realm)
{
    /// <summary>What the declaration changes, the administrators last: whoever applies it may be one of them. Faults are added to those given.</summary>
    public async Task<IReadOnlyList<PlannedChange>> PlanAsync(
        ConfigurationRequest request, IEnumerable<(int Index, DeclaredRole Wanted)> declared, ICollection<PlannedFault> faults,
        CancellationToken cancellationToken)
    {
        var present = (await roles.ReadNowAsync(cancellationToken)).ToDictionary(role => role.Role, StringComparer.Ordinal);
        var changes = new List<PlannedChange>();
        foreach (var (index, wanted) in declared)
        {
            if (Check(index, wanted, faults))
            {
                changes.Add(Plan(request, index, present[wanted.Name!], wanted.GrantedTo!));
            }
        }

        var left = present.Values.Where(role => request.Prune == true && role.Stored?.ManagedBy is { } manager && manager == request.Name
            && request.Roles?.Any(one => one?.Name == role.Role) != true);
        changes.AddRange(left.Select(role => TakeBack(request, role)));
        return [.. changes.OrderBy(change => change.Name == Access.Roles.Admin)];
    }

    /// <summary>The roles that were changed while the service runs, as a file declares them.</summary>
    public async Task<IReadOnlyList<JsonObject>> ExportAsync(CancellationToken cancellationToken) =>
        [.. (await roles.ReadNowAsync(cancellationToken)).Where(role => role.Stored is not null).Select(role => Declare(role.Role, role.GrantedTo))];

    private static JsonObject Declare(string role, IEnumerable<string> names)
    {
        var declared = Show(names);
        declared.Insert(0, "name", role);
        return declared;
    }

    private static bool Check(int index, DeclaredRole wanted, ICollection<PlannedFault> faults)
    {
        var errors = new FieldErrors();
        if (!RealmCaller.Granted.Contains(wanted.Name ?? ""))
        {
            errors.Add("name", $"Is not a role that a realm can grant; use {string.Join(", ", RealmCaller.Granted)}.");
        }

        RoleEndpoints.Check(wanted.GrantedTo, errors);
        foreach (var (field, sentence) in errors.ByField.SelectMany(field => field.Value.Select(sentence => (field.Key, sentence))))
        {
            faults.Add(new PlannedFault(PlannedChange.Role, index, field, sentence));
        }

        return !errors.Any;
    }

    private PlannedChange Plan(ConfigurationRequest request, int index, RealmRole role, IReadOnlyList<string> names)
    {
        var members = Differences.Between(Show(role.GrantedTo), Show(names));
        var manager = role.Stored?.ManagedBy;
        var action = members.Count > 0 ? PlannedChange.Update : manager != request.Name ? PlannedChange.Adopt : PlannedChange.None;
        return new PlannedChange(
            PlannedChange.Role, index, role.Role, action, null, role.Stored?.Version ?? 0, manager, members,
            [
                .. RoleEndpoints.FindWarnings(role.Role, names, realm.Value),
                .. manager is not null && manager != request.Name ? [PlannedChange.Moves(manager, request.Name)] : Array.Empty<string>(),
            ]);
    }

    private PlannedChange TakeBack(ConfigurationRequest request, RealmRole role) => new(
        PlannedChange.Role, null, role.Role, PlannedChange.Delete, null, role.Stored!.Version, request.Name,
        Differences.Between(Show(role.GrantedTo), Show(RealmRoles.OfSettings(role.Role, realm.Value).GrantedTo)), []);

    private static JsonObject Show(IEnumerable<string> names) =>
        new() { ["grantedTo"] = new JsonArray([.. RoleEndpoints.Plain(names).Select(name => (JsonNode)name)]) };
}
