using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using SiemForwarder.Connections;
using SiemForwarder.Service.Access.Keys;
using SiemForwarder.Service.Access.Realms;
using SiemForwarder.Service.Detections;
using SiemForwarder.Service.Integrations;
using SiemForwarder.Service.Sources;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Audit;

/// <summary>A snapshot of a resource.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Shown">The resource as the API shows it, secrets only as whether they are set.</param>
/// <param name="Secrets">Its secrets, to detect changes; never recorded.</param>
/// <param name="Integration">The stored row, if it is an integration.</param>
internal sealed record ResourceView(string Name, JsonObject Shown, IReadOnlyDictionary<string, Secret> Secrets, Integration? Integration = null)
{
    /// <summary>Names of the changed secrets.</summary>
    public IEnumerable<string> FindChangedSecrets(ResourceView before) => Secrets.Keys.Union(before.Secrets.Keys).Order(StringComparer.Ordinal)
        .Where(name => Secrets.GetValueOrDefault(name)?.Reveal() != before.Secrets.GetValueOrDefault(name)?.Reveal());
}

/// <summary>Reads resources as the API shows them, to record their state before and after a change.</summary>
internal sealed class ResourceViews(
    IntegrationStore integrations, SourceStore sources, ApiKeyTable keys, RealmRoles roles, RuleShelf rules, IDbContextFactory<ForwarderDbContext> contexts,
    IOptions<JsonOptions> json)
{
    private static readonly Dictionary<string, string> Kinds = new(StringComparer.OrdinalIgnoreCase)
    {
        ["integrations"] = "integration", ["sources"] = "source", ["keys"] = "key", ["engine-pools"] = "pool",
        ["rules"] = "rule", ["rule-lists"] = "list", ["roles"] = "role",
    };

    /// <summary>Kind and id of the target of a request; the id is null if it creates something.</summary>
    public static (string Kind, string? Id) FindTarget(HttpRequest request)
    {
        // /api/v1/KIND/…
        var segment = request.Path.Value!.Split('/').ElementAtOrDefault(3) ?? "";
        var id = request.RouteValues.GetValueOrDefault("id") ?? request.RouteValues.GetValueOrDefault("name");
        return (Kinds.GetValueOrDefault(segment, ""), id is null ? null : OneLine.Of(Convert.ToString(id, CultureInfo.InvariantCulture)!, 200));
    }

    /// <summary>The current resource; null if there is none.</summary>
    public Task<ResourceView?> FindAsync(string kind, string? id, CancellationToken cancellationToken) => (kind, id) switch
    {
        (_, null) => Task.FromResult<ResourceView?>(null),
        ("integration", _) => FindIntegrationAsync(int.Parse(id, CultureInfo.InvariantCulture), cancellationToken),
        ("source", _) => FindSourceAsync(int.Parse(id, CultureInfo.InvariantCulture), cancellationToken),
        ("key", _) => FindKeyAsync(id, cancellationToken),
        ("pool", _) => FindPoolAsync(id, cancellationToken),
        ("rule", _) => FindRuleAsync(id, cancellationToken),
        ("list", _) => FindListAsync(id, cancellationToken),
        ("role", _) => FindRoleAsync(id, cancellationToken),
        _ => Task.FromResult<ResourceView?>(null),
    };

    /// <summary>A request or response in the JSON of the API.</summary>
    public JsonObject ToJson(object value) => (JsonObject)JsonSerializer.SerializeToNode(value, value.GetType(), json.Value.SerializerOptions)!;

    private async Task<ResourceView?> FindIntegrationAsync(int id, CancellationToken cancellationToken)
    {
        if (await integrations.FindAsync(id, cancellationToken) is not { } integration)
        {
            return null;
        }

        var secrets = integrations.SecretsOf(integration) ?? new Dictionary<string, Secret>();
        var shown = ToJson(IntegrationResponse.Of(integration, [.. secrets.Keys], new IntegrationSummary("", null, null)));
        // The status is not a setting.
        shown.Remove("status");
        return new ResourceView(integration.Name, shown, secrets, integration);
    }

    private async Task<ResourceView?> FindSourceAsync(int id, CancellationToken cancellationToken) =>
        await sources.FindAsync(id, cancellationToken) is { } source
            ? new ResourceView(source.Name, ToJson(SourceEndpoints.View(sources, source)), sources.SecretsOf(source) ?? new Dictionary<string, Secret>())
            : null;

    private async Task<ResourceView?> FindKeyAsync(string id, CancellationToken cancellationToken)
    {
        if (await keys.FindAsync(id, cancellationToken) is not { } key)
        {
            return null;
        }

        var shown = ToJson(KeyEndpoints.View(key));
        shown.Remove("lastUsedAt");
        return new ResourceView(key.Name, shown, new Dictionary<string, Secret> { ["key"] = new(Convert.ToHexString(key.Hash.Hash)) });
    }

    private async Task<ResourceView?> FindPoolAsync(string name, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.EnginePools.AsNoTracking().SingleOrDefaultAsync(pool => pool.Name == name, cancellationToken) is { } pool
            ? new ResourceView(pool.Name, ToJson(pool), new Dictionary<string, Secret>())
            : null;
    }

    // Only the decision and the text: the state is not a setting.
    private async Task<ResourceView?> FindRuleAsync(string name, CancellationToken cancellationToken) =>
        (await rules.ReadAsync(cancellationToken)).Files.TryGetValue(name, out var file)
            ? new ResourceView(name, ToJson(file), new Dictionary<string, Secret>())
            : null;

    private async Task<ResourceView?> FindRoleAsync(string name, CancellationToken cancellationToken) =>
        (await roles.ReadNowAsync(cancellationToken)).FirstOrDefault(role => role.Role == name) is { } role
            ? new ResourceView(
                name,
                new JsonObject
                {
                    ["grantedTo"] = new JsonArray([.. RoleEndpoints.Plain(role.GrantedTo).Select(one => (JsonNode)one)]),
                    ["managedBy"] = role.Stored?.ManagedBy,
                },
                new Dictionary<string, Secret>())
            : null;

    private async Task<ResourceView?> FindListAsync(string name, CancellationToken cancellationToken) =>
        (await rules.ReadAsync(cancellationToken)).Lists.TryGetValue(name, out var list)
            ? new ResourceView(name, ToJson(list), new Dictionary<string, Secret>())
            : null;
}
