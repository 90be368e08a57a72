using System.ComponentModel;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;
using SiemForwarder.Connections;
using SiemForwarder.Service.Access;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Sources;

/// <summary>The resource <c>sources</c>.</summary>
internal static class SourceEndpoints
{
    private const string Thing = "source";

    public static void MapSources(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/sources").WithTags("Sources");
        group.MapGet("/", List).WithName("ListSources").Needs(Permission.ReadSettings)
            .WithSummary("Lists sources with their status; filter by name, enabled or status.");
        group.MapGet("/{id:int}", Get).WithName("GetSource").Needs(Permission.ReadSettings).WithSummary("Returns a source; the ETag is its version.")
            .ShowsVersion();
        group.MapPost("/", Create).WithName("CreateSource").Needs(Permission.Configure)
            .WithSummary("Creates a source: a realm that is polled from now on (kind keycloak), or an inbox that accepts pushed events (kind http).")
            .ProducesProblem(StatusCodes.Status409Conflict);
        group.MapPut("/{id:int}", Update).WithName("UpdateSource").Needs(Permission.Configure).AsksForVersion()
            .WithSummary("Replaces the settings. Requires If-Match with the ETag. Accepts the body that GET returns; omitted secrets are kept.")
            .ProducesProblem(StatusCodes.Status409Conflict);
        group.MapPatch("/{id:int}", Patch).WithName("PatchSource").Needs(Permission.Configure).AsksForVersion()
            .WithSummary("Changes only the given settings (JSON Merge Patch). Requires If-Match with the ETag.")
            .Accepts<SourceRequest>(MergePatch.MediaType, "application/json").ProducesProblem(StatusCodes.Status409Conflict);
        group.MapDelete("/{id:int}", Delete).WithName("DeleteSource").Needs(Permission.Configure).AsksForVersion()
            .WithSummary("Deletes a source with all its stored events. Requires If-Match with the ETag.")
            .WithDescription("Returns 409 while an enabled integration, paused or not, has not received all of its events; the response names the integrations "
                + "and how many events they lack. With force=true the source is deleted anyway, and those events are recorded and reported as lost. "
                + "The source disappears at once; its events are removed in the background.")
            .ProducesProblem(StatusCodes.Status409Conflict);
    }

    private static async Task<Results<Ok<SourceList>, ValidationProblem>> List(
        [AsParameters] ListQuery query, SourceStore store, SourceStatusTable summaries, CancellationToken cancellationToken)
    {
        var errors = new FieldErrors();
        var (enabled, state, page, pageSize) = query.Read(errors);
        if (errors.Any)
        {
            return Problems.Invalid(errors);
        }

        var among = state is null ? null : await summaries.FindOfStateAsync(state, cancellationToken);
        var (items, total) = await store.ListAsync(query.Search, enabled, page, pageSize, cancellationToken, among);
        var status = await summaries.ReadSummariesAsync([.. items.Select(item => item.Id)], cancellationToken);
        return TypedResults.Ok(new SourceList(
            [.. items.Select(source => View(store, source, status.GetValueOrDefault(source.Id)))], total, page, pageSize));
    }

    private static async Task<Results<Ok<SourceResponse>, ProblemHttpResult>> Get(
        int id, SourceStore store, SourceStatusTable summaries, HttpResponse response, CancellationToken cancellationToken) =>
        await store.FindAsync(id, cancellationToken) is { } source
            ? TypedResults.Ok(await ShowAsync(store, summaries, source, response, cancellationToken))
            : Problems.NotFound(Thing, id);

    private static async Task<Results<Created<SourceResponse>, ValidationProblem, ProblemHttpResult>> Create(
        SourceRequest request, SourceStore store, SourceStatusTable summaries, RealmTwins twins, HttpResponse response, CancellationToken cancellationToken,
        [Description(Provenance.Description)] string? managedBy = null)
    {
        var errors = new FieldErrors();
        request = request with { ManagedBy = Provenance.Read(managedBy, null, errors) };
        if (SourceRules.Validate(request, new Dictionary<string, Secret>(), errors, references: store.References) is not { } valid)
        {
            return Problems.Invalid(errors);
        }

        await SourceRules.CheckEgressAsync(valid, store.Egress, errors, cancellationToken);
        if (errors.Any)
        {
            return Problems.Invalid(errors);
        }

        var (identity, twin) = await twins.LookAsync(0, null, valid, cancellationToken);
        if (twin is not null)
        {
            return twin;
        }

        if (await store.CreateAsync(valid, cancellationToken) is not { } source)
        {
            return Problems.NameTaken(Thing, valid.Name);
        }

        await twins.KeepAsync(source, identity, cancellationToken);
        return TypedResults.Created(
            $"/api/v1/sources/{source.Id}", await ShowAsync(store, summaries, source, response, cancellationToken));
    }

    private static async Task<Results<Ok<SourceResponse>, ValidationProblem, ProblemHttpResult>> Update(
        int id, SourceRequest request, SourceStore store, SourceStatusTable summaries, RealmTwins twins, HttpContext http,
        CancellationToken cancellationToken, [Description(Provenance.Description)] string? managedBy = null)
    {
        if (await store.FindAsync(id, cancellationToken) is not { } stored)
        {
            return Problems.NotFound(Thing, id);
        }

        return await UpdateAsync(stored, request, managedBy, store, summaries, twins, http, cancellationToken);
    }

    private static async Task<Results<Ok<SourceResponse>, ValidationProblem, ProblemHttpResult>> Patch(
        int id, JsonObject patch, SourceStore store, SourceStatusTable summaries, RealmTwins twins, IOptions<JsonOptions> json, HttpContext http,
        CancellationToken cancellationToken)
    {
        if (await store.FindAsync(id, cancellationToken) is not { } stored)
        {
            return Problems.NotFound(Thing, id);
        }

        var request = MergePatch.Merge<SourceRequest>(View(store, stored), patch, json.Value.SerializerOptions);
        return await UpdateAsync(stored, request, null, store, summaries, twins, http, cancellationToken);
    }

    private static async Task<Results<Ok<SourceResponse>, ValidationProblem, ProblemHttpResult>> UpdateAsync(
        Source stored, SourceRequest request, string? managedBy, SourceStore store, SourceStatusTable summaries, RealmTwins twins, HttpContext http,
        CancellationToken cancellationToken)
    {
        if (EntityTag.Refuse(http.Request, Thing, stored.Version) is { } refusal)
        {
            return refusal;
        }

        var errors = new FieldErrors();
        var secrets = store.SecretsOf(stored) ?? new Dictionary<string, Secret>();
        var realm = SourceDefinition.ReadKnown(stored.Definition).Keycloak;
        request = request with { Enabled = request.Enabled ?? stored.Enabled, ManagedBy = Provenance.Read(managedBy, stored.ManagedBy, errors) };
        if (SourceRules.Validate(request, secrets, errors, stored.Kind, realm, store.References) is not { } valid)
        {
            return Problems.Invalid(errors);
        }

        await SourceRules.CheckEgressAsync(valid, store.Egress, errors, cancellationToken);
        if (errors.Any)
        {
            return Problems.Invalid(errors);
        }

        var (identity, twin) = await twins.LookAsync(stored.Id, realm, valid, cancellationToken);
        if (twin is not null)
        {
            return twin;
        }

        var (result, source) = await store.UpdateAsync(stored.Id, stored.Version, valid, cancellationToken);
        if (result == ChangeResult.Done)
        {
            Provenance.Warn(http.Response, Thing, stored.ManagedBy, managedBy);
            await twins.KeepAsync(source!, identity, cancellationToken);
        }

        return result switch
        {
            ChangeResult.Done => TypedResults.Ok(await ShowAsync(store, summaries, source!, http.Response, cancellationToken)),
            ChangeResult.NameTaken => Problems.NameTaken(Thing, valid.Name),
            ChangeResult.Stale => Problems.Stale(Thing),
            _ => Problems.NotFound(Thing, stored.Id),
        };
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> Delete(
        int id, SourceStore store, SourceDeletion deletion, HttpContext http, CancellationToken cancellationToken,
        [Description("Whether to delete the source even if integrations have not received all of its events; false by default.")] bool force = false)
    {
        if (await store.FindAsync(id, cancellationToken) is not { } stored)
        {
            return Problems.NotFound(Thing, id);
        }

        if (EntityTag.Refuse(http.Request, Thing, stored.Version) is { } refusal)
        {
            return refusal;
        }

        var (result, undelivered) = await deletion.DeleteAsync(id, stored.Version, force, cancellationToken);
        if (result == ChangeResult.Done && (force || undelivered.Count == 0))
        {
            Provenance.Warn(http.Response, Thing, stored.ManagedBy, null);
        }

        return result switch
        {
            ChangeResult.Done when undelivered.Count > 0 && !force => Undelivered(undelivered),
            ChangeResult.Done => TypedResults.NoContent(),
            ChangeResult.Stale => Problems.Stale(Thing),
            _ => Problems.NotFound(Thing, id),
        };
    }

    private static ProblemHttpResult Undelivered(IReadOnlyList<UndeliveredRange> undelivered)
    {
        var integrations = undelivered.GroupBy(range => (range.IntegrationId, range.Integration))
            .Select(one => new UndeliveredEvents(one.Key.IntegrationId, one.Key.Integration, one.Sum(range => range.Count))).ToList();
        var sentence = $"These integrations have not received all events of this source: "
            + $"{string.Join(", ", integrations.Select(one => $"'{one.Name}' lacks {one.Undelivered}"))}. Nothing was deleted. Wait for them "
            + "(disable the source to stop new ones), disable those integrations, or repeat with force=true, which loses these events.";
        return TypedResults.Problem(
            sentence, statusCode: StatusCodes.Status409Conflict, title: "Events not delivered",
            extensions: new Dictionary<string, object?> { ["integrations"] = integrations });
    }

    private static async Task<SourceResponse> ShowAsync(
        SourceStore store, SourceStatusTable summaries, Source source, HttpResponse response, CancellationToken cancellationToken)
    {
        EntityTag.Set(response, source.Version);
        return View(store, source, await summaries.FindSummaryAsync(source.Id, cancellationToken));
    }

    /// <summary>A source as the API shows it; secrets appear only as whether they are set.</summary>
    public static SourceResponse View(SourceStore store, Source source, SourceSummary? status = null)
    {
        var definition = SourceDefinition.Read(source.Definition, out var fault) ?? SourceDefinition.ReadKnown(source.Definition);
        var secrets = store.SecretsOf(source);
        return new SourceResponse(
            source.Id, source.Name, source.Kind, source.Enabled, View(definition.Keycloak, secrets), View(definition.Inbox, secrets),
            source.Version, source.CreatedAt, source.UpdatedAt, fault is null ? null : [fault],
            definition.SecretReferences, status, source.ManagedBy);
    }

    private static KeycloakResponse? View(KeycloakDefinition? keycloak, IReadOnlyDictionary<string, Secret>? secrets) => keycloak is null ? null : new(
        keycloak.BaseUrl, keycloak.Realm, keycloak.ClientId, IsSet(secrets, SourceDefinition.ClientSecret), keycloak.Streams, keycloak.PollIntervalSeconds,
        keycloak.Start, keycloak.CaCertificate, keycloak.AllowDuplicate, keycloak.Proxy, keycloak.Fingerprint,
        keycloak.Authentication ?? CredentialRules.BySecret, IsSet(secrets, SourceDefinition.PrivateKey), keycloak.KeyId, keycloak.ClientCertificate,
        IsSet(secrets, SourceDefinition.ClientKey));

    private static InboxResponse? View(InboxDefinition? inbox, IReadOnlyDictionary<string, Secret>? secrets) => inbox is null ? null : new(
        InboxRules.Authentications.First(pair => pair.Value == inbox.Authentication).Key, IsSet(secrets, SourceDefinition.InboxKey),
        IsSet(secrets, SourceDefinition.InboxSecondKey), inbox.Header, inbox.ToleranceSeconds, inbox.AllowSha1);

    private static bool IsSet(IReadOnlyDictionary<string, Secret>? secrets, string name) => secrets?.ContainsKey(name) ?? false;
}

/// <summary>The events of a source that an integration lacks; member <c>integrations</c> of the problem if the source is not deleted because of them.</summary>
/// <param name="Id">Id of the integration.</param>
/// <param name="Name">Its name.</param>
/// <param name="Undelivered">Number of stored events it has not received, before its filter.</param>
public sealed record UndeliveredEvents(int Id, string Name, long Undelivered);
