using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using SiemForwarder.Connections;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.Integrations;
using SiemForwarder.Service.Sources;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Configuration;

/// <summary>Compares a declared configuration with the current state, using the same rules as changes through the API; changes nothing.</summary>
internal sealed class ConfigurationPlanner(
    IDbContextFactory<ForwarderDbContext> contexts, SourceStore sources, IntegrationStore integrations, FilterWarnings filters, ChangeApprovals approvals,
    RulePlanner rules, RolePlanner roles, IOptions<JsonOptions> json)
{
    private const int MaxPending = 50;

    // Members that are displayed but cannot be declared, or that the plan reports in another member.
    private static readonly string[] Shown = ["id", "version", "createdAt", "updatedAt", "status", "warnings", "pausedSince", "managedBy"];

    public async Task<ConfigurationPlan> PlanAsync(ConfigurationRequest request, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var pass = new PlanRun(
            request,
            await context.EnginePools.AsNoTracking().OrderBy(one => one.Name).ToListAsync(cancellationToken),
            (await sources.ListAsync(null, null, 1, int.MaxValue, cancellationToken)).Items,
            await context.Integrations.AsNoTracking().OrderBy(one => one.Name).ToListAsync(cancellationToken));
        if (request.Name is not { Length: > 0 } name || !Provenance.IsName(name))
        {
            pass.Faults.Add(new PlannedFault(
                "configuration", null, "name", "Name the configuration with 1 to 100 letters, digits, spaces, dots, dashes or underscores."));
        }

        PlanPools(pass);
        await PlanSourcesAsync(pass, cancellationToken);
        await PlanIntegrationsAsync(pass, cancellationToken);
        if (request.Prune == true)
        {
            await PruneAsync(pass, cancellationToken);
        }

        pass.Changes.AddRange(await rules.PlanAsync(
            request, pass.Named(PlannedChange.RuleList, request.RuleLists, one => one.Name), pass.Named(PlannedChange.Rule, request.Rules, one => one.Name),
            pass.Faults, cancellationToken));
        pass.Changes.AddRange(await roles.PlanAsync(
            request, pass.Named(PlannedChange.Role, request.Roles, one => one.Name), pass.Faults, cancellationToken));
        return new ConfigurationPlan(request.Name ?? "", pass.Changes, pass.Faults);
    }

    private static void PlanPools(PlanRun pass)
    {
        foreach (var (index, wanted) in pass.Named(PlannedChange.Pool, pass.Request.EnginePools, one => one.Name))
        {
            var errors = new FieldErrors();
            EngineEndpoints.Check(wanted.Name, wanted.Description, errors);
            var stored = pass.Pools.FirstOrDefault(pool => pool.Name == wanted.Name?.Trim());
            if (pass.Accept(PlannedChange.Pool, index, errors))
            {
                pass.Add(PlannedChange.Pool, index, stored is null ? null : new Present(null, null, stored.ManagedBy, Show(stored.Name, stored.Description)),
                    Show(wanted.Name!.Trim(), wanted.Description ?? ""));
            }
        }

        static JsonObject Show(string name, string description) => new() { ["name"] = name, ["description"] = description };
    }

    private async Task PlanSourcesAsync(PlanRun pass, CancellationToken cancellationToken)
    {
        foreach (var (index, wanted) in pass.Named(PlannedChange.Source, pass.Request.Sources, one => one.Name))
        {
            var stored = pass.Sources.FirstOrDefault(source => source.Name == wanted.Name?.Trim());
            var errors = new FieldErrors();
            var secrets = (stored is null ? null : sources.SecretsOf(stored)) ?? new Dictionary<string, Secret>();
            var realm = stored is null ? null : SourceDefinition.ReadKnown(stored.Definition).Keycloak;
            var valid = SourceRules.Validate(
                wanted with { Enabled = wanted.Enabled ?? stored?.Enabled, ManagedBy = stored?.ManagedBy }, secrets, errors, stored?.Kind, realm,
                sources.References);
            if (valid is not null)
            {
                await SourceRules.CheckEgressAsync(valid, sources.Egress, errors, cancellationToken);
            }

            if (pass.Accept(PlannedChange.Source, index, errors))
            {
                var after = ToJson(SourceEndpoints.View(sources, sources.Preview(stored, valid!)));
                pass.Add(PlannedChange.Source, index, stored is null ? null : Of(stored), after, SecretRules.FindUnread(valid!.Secrets));
            }
        }
    }

    private async Task PlanIntegrationsAsync(PlanRun pass, CancellationToken cancellationToken)
    {
        foreach (var (index, declared) in pass.Named(PlannedChange.Integration, pass.Request.Integrations, one => one.Name))
        {
            var stored = pass.Integrations.FirstOrDefault(integration => integration.Name == declared.Name?.Trim());
            var errors = new FieldErrors();
            var named = (declared.Sources ?? []).Where(one => one is not null).Distinct().ToList();
            foreach (var unknown in named.Where(one => !pass.KnowsSource(one)))
            {
                errors.Add("sources", $"There is no source named '{OneLine.Of(unknown, 100)}', and the configuration declares none.");
            }

            // A pool that is yet to be created cannot be requested now.
            var pool = declared.EnginePool is null || pass.Pools.Any(one => one.Name == declared.EnginePool) || !pass.DeclaresPool(declared.EnginePool)
                ? declared.EnginePool
                : EnginePool.Default;
            IntegrationRequest wanted = declared;
            wanted = wanted with
            {
                Sources = [.. pass.Sources.Where(source => named.Contains(source.Name)).Select(source => source.Id)], EnginePool = pool,
                Enabled = declared.Enabled ?? stored?.Enabled, ManagedBy = stored?.ManagedBy, Start = stored is null ? declared.Start : null,
                OutputType = declared.OutputType ?? (stored is null ? null : IntegrationSettings.ReadKnown(stored.Definition).OutputType),
            };
            var valid = await IntegrationEndpoints.ValidateAsync(wanted, stored, integrations, errors, cancellationToken);
            if (!pass.Accept(PlannedChange.Integration, index, errors))
            {
                continue;
            }

            var after = Show(integrations.Preview(stored, valid!), [.. valid!.Secrets.Keys], pass);
            after["sources"] = Sorted(named);
            after["enginePool"] = declared.EnginePool ?? EnginePool.Default;
            pass.Add(
                PlannedChange.Integration, index, stored is null ? null : Of(stored, pass), after,
                [.. await filters.FindAsync(valid.Settings.Filter, cancellationToken) ?? [], .. SecretRules.FindUnread(valid.Secrets)]);
            if (stored is not null && await IsAskedForAsync(pass, stored, "update", after, cancellationToken))
            {
                pass.MarkWaiting();
            }
        }
    }

    private async Task PruneAsync(PlanRun pass, CancellationToken cancellationToken)
    {
        foreach (var integration in pass.Integrations.Where(one => pass.IsLeft(one.ManagedBy, PlannedChange.Integration, one.Name)))
        {
            pass.Delete(PlannedChange.Integration, integration.Name, Of(integration, pass));
            if (await IsAskedForAsync(pass, integration, "delete", null, cancellationToken))
            {
                pass.MarkWaiting();
            }
        }

        foreach (var source in pass.Sources.Where(one => pass.IsLeft(one.ManagedBy, PlannedChange.Source, one.Name)))
        {
            pass.Delete(PlannedChange.Source, source.Name, Of(source));
        }

        foreach (var pool in pass.Pools.Where(one => one.Name != EnginePool.Default && pass.IsLeft(one.ManagedBy, PlannedChange.Pool, one.Name)))
        {
            pass.Delete(PlannedChange.Pool, pool.Name, new Present(null, null, pool.ManagedBy, []));
        }
    }

    // Whether exactly this change is already waiting for a second administrator; requesting it again would only duplicate it.
    private async Task<bool> IsAskedForAsync(PlanRun pass, Integration stored, string operation, JsonObject? after, CancellationToken cancellationToken)
    {
        if (!approvals.IsAskedFor)
        {
            return false;
        }

        var (pending, _) = await approvals.ListAsync(stored.Id, 1, MaxPending, cancellationToken);
        return pending.Any(one => one.State == PendingChangeResponse.Waiting && one.Operation == operation && one.Version == stored.Version
            && (after is null || (one.Settings is { } settings && JsonNode.DeepEquals(Bare(pass.WithNames(JsonObject.Create(settings)!)), after))));
    }

    private Present Of(Source stored) => new(stored.Id, stored.Version, stored.ManagedBy, Bare(ToJson(SourceEndpoints.View(sources, stored))));

    private Present Of(Integration stored, PlanRun pass) => new(
        stored.Id, stored.Version, stored.ManagedBy, Show(stored, [.. integrations.SecretsOf(stored)?.Keys ?? []], pass));

    private JsonObject Show(Integration integration, IReadOnlyCollection<string> secrets, PlanRun pass) =>
        Bare(pass.WithNames(ToJson(IntegrationResponse.Of(integration, secrets, new IntegrationSummary("", null, null)))));

    private JsonObject ToJson(object value) => (JsonObject)JsonSerializer.SerializeToNode(value, value.GetType(), json.Value.SerializerOptions)!;

    private static JsonObject Bare(JsonObject shown)
    {
        foreach (var name in Shown)
        {
            shown.Remove(name);
        }

        return shown;
    }

    private static JsonArray Sorted(IEnumerable<string> names) => [.. names.Order(StringComparer.Ordinal).Select(name => (JsonNode)name)];

    /// <summary>A resource in its current state.</summary>
    private sealed record Present(int? Id, int? Version, string? ManagedBy, JsonObject Shown);

    /// <summary>One run of the planner: the declaration, the current state, and the resulting changes.</summary>
    private sealed record PlanRun(
        ConfigurationRequest Request, IReadOnlyList<EnginePool> Pools, IReadOnlyList<Source> Sources, IReadOnlyList<Integration> Integrations)
    {
        public List<PlannedChange> Changes { get; } = [];

        public List<PlannedFault> Faults { get; } = [];

        /// <summary>The declared resources of a kind that have distinct names; faults of the others are added.</summary>
        public IEnumerable<(int Index, T Wanted)> Named<T>(string kind, IReadOnlyList<T>? declared, Func<T, string?> nameOf)
        {
            var seen = new HashSet<string>();
            for (var index = 0; index < (declared?.Count ?? 0); index++)
            {
                if (declared![index] is not { } wanted)
                {
                    Faults.Add(new PlannedFault(kind, index, "name", "Is empty; give it a name, or remove it."));
                }
                else if (nameOf(wanted)?.Trim() is { Length: > 0 } name && !seen.Add(name))
                {
                    Faults.Add(new PlannedFault(kind, index, "name", $"'{OneLine.Of(name, 100)}' is declared twice; keep one of them."));
                }
                else
                {
                    yield return (index, wanted);
                }
            }
        }

        public bool KnowsSource(string name) =>
            Sources.Any(source => source.Name == name) || Request.Sources?.Any(source => source?.Name?.Trim() == name) == true;

        public bool DeclaresPool(string name) => Request.EnginePools?.Any(pool => pool?.Name?.Trim() == name) == true;

        /// <summary>Whether there are no errors; errors are added to the faults.</summary>
        public bool Accept(string kind, int index, FieldErrors errors)
        {
            Faults.AddRange(errors.ByField.SelectMany(field => field.Value.Select(sentence => new PlannedFault(kind, index, field.Key, sentence))));
            return !errors.Any;
        }

        public void Add(string kind, int index, Present? present, JsonObject after, IReadOnlyList<string>? warnings = null)
        {
            Bare(after);
            var members = Differences.Between(present?.Shown ?? [], after);
            var action = present is null ? PlannedChange.Create
                : members.Count > 0 ? PlannedChange.Update
                : present.ManagedBy != Request.Name ? PlannedChange.Adopt
                : PlannedChange.None;
            var other = present?.ManagedBy is { } manager && manager != Request.Name
                ? new[] { PlannedChange.Moves(manager, Request.Name) }
                : [];
            Changes.Add(new PlannedChange(
                kind, index, after["name"]!.GetValue<string>(), action, present?.Id, present?.Version, present?.ManagedBy, members,
                [.. warnings ?? [], .. other]));
        }

        public void Delete(string kind, string name, Present present) =>
            Changes.Add(new PlannedChange(kind, null, name, PlannedChange.Delete, present.Id, present.Version, present.ManagedBy, [], []));

        public void MarkWaiting() => Changes[^1] = Changes[^1] with { Action = PlannedChange.Wait };

        /// <summary>Whether the configuration manages a resource that it no longer declares.</summary>
        public bool IsLeft(string? managedBy, string kind, string name) => managedBy is not null && managedBy == Request.Name && (kind switch
        {
            PlannedChange.Pool => Request.EnginePools?.Select(one => one?.Name),
            PlannedChange.Source => Request.Sources?.Select(one => one?.Name),
            _ => Request.Integrations?.Select(one => one?.Name),
        })?.Any(one => one?.Trim() == name) != true;

        /// <summary>An integration as displayed, with its sources by name.</summary>
        public JsonObject WithNames(JsonObject shown)
        {
            var ids = shown["sources"]?.AsArray().Select(one => one!.GetValue<int>()).ToList() ?? [];
            shown["sources"] = Sorted(ids.Select(id => Sources.FirstOrDefault(source => source.Id == id)?.Name ?? $"#{id}"));
            return shown;
        }
    }
}

/// <summary>Tells in which members two resources differ.</summary>
internal static class Differences
{
    /// <summary>The members that differ, with those of nested objects listed individually; null and absent are equal.</summary>
    public static IReadOnlyList<PlannedMember> Between(JsonObject before, JsonObject after)
    {
        var found = new List<PlannedMember>();
        Collect("", before, after, found);
        return found;
    }

    private static void Collect(string path, JsonObject before, JsonObject after, List<PlannedMember> found)
    {
        foreach (var name in after.Select(member => member.Key).Union(before.Select(member => member.Key)))
        {
            var (had, has) = (before[name], after[name]);
            if (had is JsonObject || has is JsonObject)
            {
                Collect($"{path}{name}.", had as JsonObject ?? [], has as JsonObject ?? [], found);
            }
            else if (!JsonNode.DeepEquals(had, has))
            {
                found.Add(new PlannedMember(path + name, Element(had), Element(has)));
            }
        }

        static JsonElement? Element(JsonNode? node) => node is null ? null : JsonSerializer.SerializeToElement(node);
    }
}
