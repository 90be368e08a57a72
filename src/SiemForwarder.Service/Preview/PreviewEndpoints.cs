using Microsoft.AspNetCore.Http.HttpResults;
using SiemForwarder.Events;
using SiemForwarder.Service.Access;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Integrations;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Preview;

/// <summary>Shows what an integration would send, without sending it.</summary>
internal static class PreviewEndpoints
{
    private const int MaxEvents = 100;

    public static void MapPreviews(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/integrations").WithTags("Integrations");
        group.MapPost("/{id:int}/preview", PreviewStored).WithName("PreviewIntegration").Needs(Permission.ReadEvents)
            .WithSummary(
                "Shows the exact bytes that given, recent or sample events are formatted as, what a strict receiver would object to, and "
                + "the fields that it would see. Nothing is sent.");
        group.MapPost("/preview", PreviewNew).WithName("PreviewNewIntegration").Needs(Permission.ReadEvents)
            .WithSummary(
                "Shows a preview for settings that are not saved yet: integration holds the body that would create the integration.");
    }

    private static async Task<Results<Ok<PreviewResponse>, ValidationProblem, ProblemHttpResult>> PreviewStored(
        int id, PreviewRequest request, IntegrationStore store, GivenEvents given, RecentEvents recent, Previewer previewer,
        CancellationToken cancellationToken)
    {
        var errors = new FieldErrors();
        var (integration, problem) = await FindAsync(id, request.Integration, store, errors, cancellationToken);
        return integration is null
            ? problem is null ? Problems.Invalid(errors) : problem
            : await RunAsync(request, integration, store, errors, given, recent, previewer, cancellationToken);
    }

    private static async Task<Results<Ok<PreviewResponse>, ValidationProblem, ProblemHttpResult>> PreviewNew(
        PreviewRequest request, IntegrationStore store, GivenEvents given, RecentEvents recent, Previewer previewer,
        CancellationToken cancellationToken)
    {
        var errors = new FieldErrors();
        return await ReadAsync(request.Integration, null, store, errors, cancellationToken) is { } integration
            ? await RunAsync(request, integration, store, errors, given, recent, previewer, cancellationToken)
            : Problems.Invalid(errors);
    }

    /// <summary>A stored integration, with the settings of the request in place of its own where there are any.</summary>
    internal static async Task<(RunnableIntegration? Integration, ProblemHttpResult? Problem)> FindAsync(
        int id, IntegrationRequest? changed, IntegrationStore store, FieldErrors errors, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(id, cancellationToken) is not { } stored)
        {
            return (null, Problems.NotFound("integration", id));
        }

        if (changed is not null)
        {
            return (await ReadAsync(changed, stored, store, errors, cancellationToken), null);
        }

        return store.FindRunnable(stored, out var fault) is { } runnable
            ? (runnable, null)
            : (null, TypedResults.Problem(fault, statusCode: StatusCodes.Status409Conflict, title: "Integration unusable"));
    }

    /// <summary>An integration as a request describes it; null where that is wrong, noted below <c>integration</c>.</summary>
    internal static async Task<RunnableIntegration?> ReadAsync(
        IntegrationRequest? request, Integration? stored, IntegrationStore store, FieldErrors errors, CancellationToken cancellationToken)
    {
        if (request is null)
        {
            errors.Add("integration", "Give the settings of an integration, as for creating one.");
            return null;
        }

        var own = new FieldErrors();
        // Nobody has to think of a name before seeing what is sent.
        request = request with { Name = request.Name ?? "preview" };
        var valid = await IntegrationEndpoints.ValidateAsync(request, stored, store, own, cancellationToken);
        errors.Include("integration", own);
        return valid is null ? null : RunnableIntegration.Create(valid, store.LocalFolder);
    }

    private static async Task<Results<Ok<PreviewResponse>, ValidationProblem, ProblemHttpResult>> RunAsync(
        PreviewRequest request, RunnableIntegration integration, IntegrationStore store, FieldErrors errors, GivenEvents given,
        RecentEvents recent, Previewer previewer, CancellationToken cancellationToken)
    {
        int[] named = request.Source is { } source ? [source] : [];
        var (unknown, _) = await store.CheckReferencesAsync(named, integration.EnginePool, cancellationToken);
        if (unknown.Count > 0)
        {
            errors.Add("source", $"There is no source with the id {unknown[0]}.");
        }

        if (request.Events is not null && request.Recent is not null)
        {
            errors.Add("recent", "Give events or recent, not both.");
        }

        errors.Between("recent", request.Recent, 1, MaxEvents, 1);
        errors.Between("events", request.Events?.Count, 1, MaxEvents, 1);
        if (errors.Any)
        {
            return Problems.Invalid(errors);
        }

        (string Origin, IReadOnlyList<SecurityEvent> Events) shown = request switch
        {
            { Events: { } events } => ("given", await given.ReadAsync(events, request.Source, errors, cancellationToken)),
            { Recent: { } count } => ("recent", await recent.FindAsync(integration, count, cancellationToken)),
            _ => ("samples", await given.SampleAsync(request.Source, cancellationToken)),
        };
        return errors.Any
            ? Problems.Invalid(errors)
            : TypedResults.Ok(await previewer.RunAsync(integration, shown.Origin, shown.Events, cancellationToken));
    }
}
