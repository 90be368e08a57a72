using System.ComponentModel;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;
using SiemForwarder.Connections;
using SiemForwarder.Service.Access;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Integrations;

/// <summary>The resource <c>integrations</c>.</summary>
internal static class IntegrationEndpoints
{
    private const string Thing = "integration";

    public static void MapIntegrations(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/integrations").WithTags("Integrations");
        group.MapGet("/", List).WithName("ListIntegrations").Needs(Permission.ReadSettings)
            .WithSummary("Lists integrations with their status; filter by name or URL, enabled or status.");
        group.MapGet("/{id:int}", Get).WithName("GetIntegration").Needs(Permission.ReadSettings)
            .WithSummary("Returns an integration; the ETag is its version.").ShowsVersion();
        group.MapPost("/", Create).WithName("CreateIntegration").Needs(Permission.Configure)
            .WithSummary("Creates an integration. It forwards events stored from now on, or also stored history if start asks for it.")
            .ProducesProblem(StatusCodes.Status409Conflict);
        group.MapPut("/{id:int}", Update).WithName("UpdateIntegration").Needs(Permission.Configure).AsksForVersion()
            .WithSummary("Replaces the settings. Requires If-Match with the ETag. Accepts the body that GET returns.")
            .WithDescription("Omitted settings take their defaults, except that enabled, outputType and secrets are kept. An empty string removes "
                + "a secret.")
            .ProducesProblem(StatusCodes.Status409Conflict);
        group.MapPatch("/{id:int}", Patch).WithName("PatchIntegration").Needs(Permission.Configure).AsksForVersion()
            .WithSummary("Changes only the given settings (JSON Merge Patch). Requires If-Match with the ETag.")
            .Accepts<IntegrationRequest>(MergePatch.MediaType, "application/json").ProducesProblem(StatusCodes.Status409Conflict);
        group.MapDelete("/{id:int}", Delete).WithName("DeleteIntegration").Needs(Permission.Configure).AsksForVersion()
            .WithSummary("Deletes an integration and its records. Requires If-Match with the ETag.");
        group.MapPost("/{id:int}/enable", Enable).WithName("EnableIntegration").Needs(Permission.Configure)
            .WithSummary("Enables an integration; forwarding continues where it stopped.");
        group.MapPost("/{id:int}/disable", Disable).WithName("DisableIntegration").Needs(Permission.Configure)
            .WithSummary("Disables an integration; forwarding stops at once.");
    }

    private static async Task<Results<Ok<IntegrationList>, ValidationProblem>> List(
        [AsParameters] ListQuery query, IntegrationStore store, IntegrationStatusTable summaries, CancellationToken cancellationToken)
    {
        var errors = new FieldErrors();
        var (enabled, state, page, pageSize) = query.Read(errors);
        if (errors.Any)
        {
            return Problems.Invalid(errors);
        }

        var among = state is null ? null : await summaries.FindAsync(state, cancellationToken);
        var (items, total) = await store.ListAsync(query.Search, enabled, page, pageSize, cancellationToken, among);
        var status = await summaries.ReadAsync([.. items.Select(item => item.Id)], cancellationToken);
        return TypedResults.Ok(new IntegrationList(
            [.. items.Select(item => IntegrationResponse.Of(item, SecretNames(store, item), status[item.Id]))], total, page, pageSize));
    }

    private static async Task<Results<Ok<IntegrationResponse>, ProblemHttpResult>> Get(
        int id, IntegrationStore store, IntegrationStatusTable summaries, HttpResponse response, CancellationToken cancellationToken) =>
        await store.FindAsync(id, cancellationToken) is { } integration
            ? TypedResults.Ok(await ShowAsync(integration, store, summaries, response, cancellationToken))
            : Problems.NotFound(Thing, id);

    private static async Task<Results<Created<IntegrationResponse>, ValidationProblem, ProblemHttpResult>> Create(
        IntegrationRequest request, IntegrationStore store, IntegrationStatusTable summaries, FilterWarnings filters, HttpResponse response,
        CancellationToken cancellationToken, [Description(Provenance.Description)] string? managedBy = null)
    {
        var errors = new FieldErrors();
        request = request with { ManagedBy = Provenance.Read(managedBy, null, errors) };
        if (request.StartOfNewSources is not null)
        {
            errors.Add("startOfNewSources", "Only applies to changes; for a new integration use start.");
        }

        var valid = await ValidateAsync(request, null, store, errors, cancellationToken);
        if (valid is null)
        {
            return Problems.Invalid(errors);
        }

        return await store.CreateAsync(valid, cancellationToken) is { } integration
            ? TypedResults.Created(
                $"/api/v1/integrations/{integration.Id}",
                await ShowAsync(
                    integration, store, summaries, response, cancellationToken, await filters.FindAsync(valid.Settings.Filter, cancellationToken)))
            : Problems.NameTaken(Thing, valid.Name);
    }

    private static async Task<Results<Ok<IntegrationResponse>, Accepted<PendingChangeResponse>, ValidationProblem, ProblemHttpResult>> Update(
        int id, IntegrationRequest request, IntegrationStore store, IntegrationStatusTable summaries, FilterWarnings filters, ChangeApprovals approvals,
        HttpContext http, CancellationToken cancellationToken,
        [Description(Provenance.Description)] string? managedBy = null)
    {
        if (await store.FindAsync(id, cancellationToken) is not { } stored)
        {
            return Problems.NotFound(Thing, id);
        }

        return await UpdateAsync(stored, request, managedBy, store, summaries, filters, approvals, http, cancellationToken);
    }

    private static async Task<Results<Ok<IntegrationResponse>, Accepted<PendingChangeResponse>, ValidationProblem, ProblemHttpResult>> Patch(
        int id, JsonObject patch, IntegrationStore store, IntegrationStatusTable summaries, FilterWarnings filters, ChangeApprovals approvals,
        IOptions<JsonOptions> json, HttpContext http, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(id, cancellationToken) is not { } stored)
        {
            return Problems.NotFound(Thing, id);
        }

        var shown = IntegrationResponse.Of(stored, SecretNames(store, stored), new IntegrationSummary("", null, null));
        var request = MergePatch.Merge<IntegrationRequest>(shown, patch, json.Value.SerializerOptions, document =>
        {
            if (patch.ContainsKey("serverUrl"))
            {
                // Derived from the previous address, unless the patch gives them.
                document.Remove("protocol");
                document.Remove("port");
                if (patch["serverUrl"]?.ToString().StartsWith($"{shown.Protocol}://", StringComparison.OrdinalIgnoreCase) != true)
                {
                    document.Remove("destination");
                }
            }
        });
        return await UpdateAsync(stored, request, null, store, summaries, filters, approvals, http, cancellationToken);
    }

    private static async Task<Results<Ok<IntegrationResponse>, Accepted<PendingChangeResponse>, ValidationProblem, ProblemHttpResult>> UpdateAsync(
        Integration stored, IntegrationRequest request, string? managedBy, IntegrationStore store, IntegrationStatusTable summaries, FilterWarnings filters,
        ChangeApprovals approvals, HttpContext http, CancellationToken cancellationToken)
    {
        if (EntityTag.Refuse(http.Request, Thing, stored.Version) is { } refusal)
        {
            return refusal;
        }

        // Omitting the output type must not turn CEF into Syslog.
        var errors = new FieldErrors();
        request = request with
        {
            Enabled = request.Enabled ?? stored.Enabled, OutputType = request.OutputType ?? OutputTypeOf(stored),
            ManagedBy = Provenance.Read(managedBy, stored.ManagedBy, errors),
        };
        if (request.Start is not null)
        {
            errors.Add("start", "Only applies to a new integration; create a replay to send stored events to this one.");
        }

        var valid = await ValidateAsync(request, stored, store, errors, cancellationToken);
        if (valid is null)
        {
            return Problems.Invalid(errors);
        }

        Provenance.Warn(http.Response, Thing, stored.ManagedBy, managedBy);
        if (approvals.IsAskedFor && await HoldUpdateAsync(stored, request, valid, store, approvals, http, cancellationToken) is { } pending)
        {
            return Wait(pending);
        }

        var (result, integration) = await store.UpdateAsync(stored.Id, stored.Version, valid, cancellationToken);
        return result switch
        {
            ChangeResult.Done => TypedResults.Ok(await ShowAsync(
                integration!, store, summaries, http.Response, cancellationToken, await filters.FindAsync(valid.Settings.Filter, cancellationToken))),
            ChangeResult.NameTaken => Problems.NameTaken(Thing, valid.Name),
            ChangeResult.Stale => Problems.Stale(Thing),
            _ => Problems.NotFound(Thing, stored.Id),
        };
    }

    private static string OutputTypeOf(Integration stored) =>
        IntegrationSettings.ReadKnown(stored.Definition).OutputType;

    private static Task<PendingChangeResponse?> HoldUpdateAsync(
        Integration stored, IntegrationRequest request, ValidIntegration valid, IntegrationStore store, ChangeApprovals approvals, HttpContext http,
        CancellationToken cancellationToken)
    {
        var wanted = store.Preview(stored, valid);
        var shown = IntegrationResponse.Of(wanted, [.. valid.Secrets.Keys], new IntegrationSummary("", null, null));
        return approvals.HoldAsync(stored, wanted, "update", request, shown, Caller.Of(http.User)!, cancellationToken);
    }

    private static Accepted<PendingChangeResponse> Wait(PendingChangeResponse pending) =>
        TypedResults.Accepted($"/api/v1/integrations/{pending.Integration}/changes", pending);

    private static async Task<Results<NoContent, Accepted<PendingChangeResponse>, ProblemHttpResult>> Delete(
        int id, IntegrationStore store, ChangeApprovals approvals, HttpContext http, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(id, cancellationToken) is not { } stored)
        {
            return Problems.NotFound(Thing, id);
        }

        if (EntityTag.Refuse(http.Request, Thing, stored.Version) is { } refusal)
        {
            return refusal;
        }

        Provenance.Warn(http.Response, Thing, stored.ManagedBy, null);
        if (await approvals.HoldAsync(stored, null, "delete", null, null, Caller.Of(http.User)!, cancellationToken) is { } pending)
        {
            return Wait(pending);
        }

        return await store.DeleteAsync(id, stored.Version, cancellationToken) switch
        {
            ChangeResult.Done => TypedResults.NoContent(),
            ChangeResult.Stale => Problems.Stale(Thing),
            _ => Problems.NotFound(Thing, id),
        };
    }

    private static Task<Results<Ok<IntegrationResponse>, ProblemHttpResult>> Enable(
        int id, IntegrationStore store, IntegrationStatusTable summaries, HttpResponse response, CancellationToken cancellationToken) =>
        SetEnabledAsync(id, true, store, summaries, response, cancellationToken);

    private static async Task<Results<Ok<IntegrationResponse>, Accepted<PendingChangeResponse>, ProblemHttpResult>> Disable(
        int id, IntegrationStore store, IntegrationStatusTable summaries, ChangeApprovals approvals, HttpContext http, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(id, cancellationToken) is { } stored
            && await approvals.HoldAsync(stored, null, "disable", null, null, Caller.Of(http.User)!, cancellationToken) is { } pending)
        {
            return Wait(pending);
        }

        var done = await SetEnabledAsync(id, false, store, summaries, http.Response, cancellationToken);
        return done.Result is Ok<IntegrationResponse> disabled ? disabled : (ProblemHttpResult)done.Result;
    }

    private static async Task<Results<Ok<IntegrationResponse>, ProblemHttpResult>> SetEnabledAsync(
        int id, bool enabled, IntegrationStore store, IntegrationStatusTable summaries, HttpResponse response, CancellationToken cancellationToken)
    {
        var (result, integration) = await store.SetEnabledAsync(id, enabled, cancellationToken);
        return result switch
        {
            ChangeResult.Done => TypedResults.Ok(await ShowChangedAsync()),
            ChangeResult.Stale => Problems.Stale(Thing),
            _ => Problems.NotFound(Thing, id),
        };

        Task<IntegrationResponse> ShowChangedAsync()
        {
            Provenance.Warn(response, Thing, integration!.ManagedBy, null);
            return ShowAsync(integration, store, summaries, response, cancellationToken);
        }
    }

    /// <summary>Checks a request including its references to the database; adds errors by field.</summary>
    /// <param name="request">The request.</param>
    /// <param name="stored">The integration to change, whose secrets are kept if omitted; null for a new one.</param>
    /// <param name="store">Provides references and secrets.</param>
    /// <param name="errors">Receives the errors.</param>
    /// <param name="cancellationToken">Cancels the lookup.</param>
    public static async Task<ValidIntegration?> ValidateAsync(
        IntegrationRequest request, Integration? stored, IntegrationStore store, FieldErrors errors, CancellationToken cancellationToken)
    {
        var (unknown, poolKnown) = await store.CheckReferencesAsync(
            request.Sources ?? [], request.EnginePool ?? EnginePool.Default, cancellationToken);
        if (unknown.Count > 0)
        {
            errors.Add("sources", $"There is no source with the id {string.Join(", ", unknown)}.");
        }

        if (!poolKnown)
        {
            errors.Add("enginePool", $"There is no engine pool named '{request.EnginePool}'.");
        }

        var secrets = (stored is null ? null : store.SecretsOf(stored)) ?? new Dictionary<string, Secret>();
        if (IntegrationRules.Validate(request, secrets, errors, store.LocalFolder, stored, store.References) is not { } valid)
        {
            return null;
        }

        await IntegrationAddress.CheckEgressAsync(valid, store.Egress, errors, cancellationToken);
        return errors.Any ? null : valid;
    }

    private static async Task<IntegrationResponse> ShowAsync(
        Integration integration, IntegrationStore store, IntegrationStatusTable summaries, HttpResponse response, CancellationToken cancellationToken,
        IReadOnlyList<string>? warnings = null)
    {
        EntityTag.Set(response, integration.Version);
        var status = await summaries.ReadAsync([integration.Id], cancellationToken);
        return IntegrationResponse.Of(integration, SecretNames(store, integration), status[integration.Id], warnings);
    }

    private static IReadOnlyCollection<string> SecretNames(IntegrationStore store, Integration integration) =>
        [.. store.SecretsOf(integration)?.Keys ?? []];
}
