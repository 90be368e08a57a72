using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using SiemForwarder.Connections;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Integrations;
using SiemForwarder.Service.Sources;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Configuration;

/// <summary>Exports the current state in the form of a configuration file; planning the result changes nothing.</summary>
internal sealed class ConfigurationExport(
    IDbContextFactory<ForwarderDbContext> contexts, SourceStore sources, IntegrationStore integrations, RulePlanner rules, RolePlanner roles,
    IOptions<JsonOptions> json)
{
    // Written even if they are defaults: what readers look for, and what other defaults depend on.
    private static readonly string[] Always =
        ["name", "kind", "enabled", "destination", "serverUrl", "outputType", "keycloak.baseUrl", "keycloak.realm", "keycloak.clientId"];

    private static readonly string[] ShownAlone =
        ["id", "version", "createdAt", "updatedAt", "status", "warnings", "pausedSince", "managedBy", "privacyKeySet", "secretReferences"];

    /// <summary>The current state.</summary>
    /// <param name="withRoles">Whether the reader may know who has which role.</param>
    /// <param name="cancellationToken">Cancels reading.</param>
    public async Task<ConfigurationResponse> ReadAsync(bool withRoles, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var pools = await context.EnginePools.AsNoTracking().OrderBy(one => one.Name).ToListAsync(cancellationToken);
        var (all, _) = await sources.ListAsync(null, null, 1, int.MaxValue, cancellationToken);
        var wishes = await context.Integrations.AsNoTracking().OrderBy(one => one.Name).ToListAsync(cancellationToken);
        var names = all.ToDictionary(source => source.Id, source => source.Name);
        var (ruleFiles, ruleLists) = await rules.ExportAsync(cancellationToken);
        return new ConfigurationResponse(
            [.. pools.Where(pool => pool.Name != EnginePool.Default || pool.ManagedBy is not null).Select(Declare)],
            [.. all.Select(Declare)],
            [.. wishes.Select(integration => Declare(integration, names))],
            ruleLists,
            ruleFiles,
            withRoles ? await roles.ExportAsync(cancellationToken) : null);
    }

    private static JsonObject Declare(EnginePool pool) => pool.Description.Length == 0
        ? new JsonObject { ["name"] = pool.Name }
        : new JsonObject { ["name"] = pool.Name, ["description"] = pool.Description };

    private JsonObject Declare(Source source)
    {
        var shown = ToJson(SourceEndpoints.View(sources, source));
        var secrets = sources.SecretsOf(source) ?? new Dictionary<string, Secret>();
        var keycloak = shown["keycloak"].Deserialize<KeycloakRequest>(json.Value.SerializerOptions);
        var least = new SourceRequest
        {
            Name = source.Name, Kind = source.Kind, Enabled = source.Enabled,
            Keycloak = keycloak is null ? null : new KeycloakRequest(keycloak.BaseUrl, keycloak.Realm, keycloak.ClientId)
            {
                Authentication = keycloak.Authentication, ClientCertificate = keycloak.ClientCertificate, KeyId = keycloak.KeyId,
            },
            Inbox = shown["inbox"] is JsonObject inbox ? new InboxRequest(inbox["authentication"]!.GetValue<string>()) : null,
        };
        var usual = SourceRules.Validate(least, secrets, new FieldErrors(), source.Kind, null, sources.References) is { } valid
            ? ToJson(SourceEndpoints.View(sources, sources.Preview(null, valid)))
            : [];
        if (keycloak?.Authentication is { } way && way != CredentialRules.BySecret)
        {
            usual["keycloak"]?.AsObject().Remove("authentication");
        }

        foreach (var member in new[] { "clientCertificate", "keyId" })
        {
            usual["keycloak"]?.AsObject().Remove(member);
        }

        if (source.Kind == SourceDefinition.KeycloakKind || shown["inbox"]?["authentication"]?.GetValue<string>() != "key")
        {
            usual["inbox"]?.AsObject().Remove("authentication");
        }

        return Declare(shown, usual, secrets);
    }

    private JsonObject Declare(Integration integration, Dictionary<int, string> names)
    {
        var secrets = integrations.SecretsOf(integration) ?? new Dictionary<string, Secret>();
        var shown = Show(integration, secrets);
        var settings = IntegrationSettings.ReadKnown(integration.Definition);
        var least = new IntegrationRequest
        {
            Name = integration.Name, Enabled = integration.Enabled, Preset = integration.Preset, Destination = integration.Destination,
            ServerUrl = integration.ServerUrl, OutputType = settings.OutputType, Schema = settings.Schema, Settings = settings.Settings,
            Authentication = new AuthenticationRequest(settings.Authentication.Type, settings.Authentication.Username),
            Tls = new TlsRequest(
                settings.Tls.CaCertificate, settings.Tls.ClientCertificate, ServerName: settings.Tls.ServerName, Fingerprint: settings.Tls.Fingerprint),
        };
        var usual = IntegrationRules.Validate(least, secrets, new FieldErrors(), integrations.LocalFolder, null, integrations.References) is { } valid
            ? Show(integrations.Preview(null, valid), secrets)
            : [];
        foreach (var group in new[] { "tls", "settings" })
        {
            usual.Remove(group);
        }

        if (settings.Authentication.Type != "none")
        {
            usual.Remove("authentication");
        }

        if (settings.Schema != "native")
        {
            usual.Remove("schema");
        }

        usual["preset"] = null;
        var filter = shown["filter"]?.AsObject();
        var declared = Declare(shown, usual, secrets);
        declared.Remove("filter");
        if (DeclareFilter(filter) is { } sides)
        {
            declared["filter"] = sides;
        }

        declared.Remove("sources");
        if (settings.Sources.Count > 0)
        {
            declared["sources"] = new JsonArray([.. settings.Sources.Select(id => (JsonNode)names.GetValueOrDefault(id, $"#{id}"))]);
        }

        return declared;
    }

    private JsonObject Show(Integration integration, IReadOnlyDictionary<string, Secret> secrets) =>
        ToJson(IntegrationResponse.Of(integration, [.. secrets.Keys], new IntegrationSummary("", null, null)));

    private JsonObject ToJson(object value) => (JsonObject)JsonSerializer.SerializeToNode(value, value.GetType(), json.Value.SerializerOptions)!;

    private static JsonObject Declare(JsonObject shown, JsonObject usual, IReadOnlyDictionary<string, Secret> secrets)
    {
        ShownAlone.ToList().ForEach(name => shown.Remove(name));
        var declared = Without("", shown, usual);
        foreach (var (name, secret) in secrets.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            var group = declared;
            var parts = name.Split('.');
            foreach (var part in parts[..^1])
            {
                group[part] ??= new JsonObject();
                group = group[part]!.AsObject();
            }

            group[parts[^1]] = secret.Reference ?? StoredSecret.Placeholder;
        }

        return declared;
    }

    // Omits defaults, and members that only show whether a secret is set.
    private static JsonObject Without(string path, JsonObject shown, JsonObject usual)
    {
        var left = new JsonObject();
        foreach (var (name, value) in shown)
        {
            if (value is null || (name.EndsWith("Set", StringComparison.Ordinal) && value.GetValueKind() is JsonValueKind.True or JsonValueKind.False
                && name.Length > 3 && path.Length > 0))
            {
                continue;
            }

            if (value is JsonObject inner)
            {
                if (Without($"{path}{name}.", inner, usual[name] as JsonObject ?? []) is { Count: > 0 } members)
                {
                    left[name] = members;
                }
            }
            else if (Always.Contains(path + name) || !JsonNode.DeepEquals(value, usual[name]))
            {
                left[name] = value.DeepClone();
            }
        }

        return left;
    }

    private static JsonObject? DeclareFilter(JsonObject? filter)
    {
        var declared = new JsonObject();
        foreach (var (side, match) in filter ?? [])
        {
            if (match is JsonObject members)
            {
                declared[side] = new JsonObject(members.Where(member => member.Value is not (null or JsonArray { Count: 0 }))
                    .Select(member => KeyValuePair.Create(member.Key, member.Value!.DeepClone()))!);
            }
        }

        return declared.Count == 0 ? null : declared;
    }
}
