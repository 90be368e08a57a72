using Microsoft.AspNetCore.Http.HttpResults;
using SiemForwarder.Service.Access;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Integrations;

namespace SiemForwarder.Service.Preview;

/// <summary>Says how much an integration will send.</summary>
internal static class VolumeEndpoints
{
    public static void MapVolumes(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/integrations").WithTags("Integrations");
        group.MapGet("/{id:int}/volume", EstimateStored).WithName("EstimateVolume").Needs(Permission.ReadStates)
            .WithSummary(
                "Estimates events and bytes per day by event type, from the stored events of the last 24 hours that pass the filter, "
                + "and says whether they were counted or sampled.");
        group.MapPost("/volume", EstimateNew).WithName("EstimateNewVolume").Needs(Permission.ReadStates)
            .WithSummary(
                "Estimates the volume for settings that are not saved yet: integration holds the body that would create the integration.");
    }

    private static async Task<Results<Ok<VolumeResponse>, ProblemHttpResult>> EstimateStored(
        int id, IntegrationStore store, VolumeEstimator estimator, CancellationToken cancellationToken)
    {
        var (integration, problem) = await PreviewEndpoints.FindAsync(id, null, store, new FieldErrors(), cancellationToken);
        return integration is null ? problem! : TypedResults.Ok(await estimator.RunAsync(integration, cancellationToken));
    }

    private static async Task<Results<Ok<VolumeResponse>, ValidationProblem>> EstimateNew(
        VolumeRequest request, IntegrationStore store, VolumeEstimator estimator, CancellationToken cancellationToken)
    {
        var errors = new FieldErrors();
        var integration = await PreviewEndpoints.ReadAsync(request.Integration, null, store, errors, cancellationToken);
        return integration is null ? Problems.Invalid(errors) : TypedResults.Ok(await estimator.RunAsync(integration, cancellationToken));
    }
}
