using Microsoft.AspNetCore.Http.HttpResults;
using SiemForwarder.Service.Access;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Integrations;

namespace SiemForwarder.Service.Status;

/// <summary>The status of an integration.</summary>
internal static class StatusEndpoints
{
    public static void MapStatus(this IEndpointRouteBuilder routes) => routes
        .MapGet("/api/v1/integrations/{id:int}/status", Get).WithTags("Integrations").WithName("GetIntegrationStatus").Needs(Permission.ReadStates)
        .WithSummary("Shows the status of an integration (Success, Error, Not yet invoked or Disabled), the reason, and the backlog.");

    private static async Task<Results<Ok<IntegrationStatusResponse>, ProblemHttpResult>> Get(
        int id, IntegrationStore store, StatusReader status, CancellationToken cancellationToken) =>
        await store.FindAsync(id, cancellationToken) is { } integration
            ? TypedResults.Ok(await status.ReadAsync(integration, cancellationToken))
            : Problems.NotFound("integration", id);
}
