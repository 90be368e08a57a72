using Microsoft.AspNetCore.Http.HttpResults;
using SiemForwarder.Service.Access;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Integrations;

namespace SiemForwarder.Service.Dispatch.Retries;

/// <summary>Requesting the next round of an integration at once.</summary>
internal static class RetryEndpoints
{
    public static void MapRetries(this IEndpointRouteBuilder routes) => routes
        .MapPost("/api/v1/integrations/{id:int}/retry", Retry).WithTags("Integrations").WithName("RetryIntegration").Needs(Permission.Operate)
        .WithSummary("Retries at once instead of waiting for the next round, for live events, replays and redrives. No effect if nothing is waiting "
            + "for a retry.")
        .ProducesProblem(StatusCodes.Status409Conflict);

    private static async Task<Results<NoContent, ProblemHttpResult>> Retry(
        int id, IntegrationStore store, RetryRequests retries, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(id, cancellationToken) is not { } integration)
        {
            return Problems.NotFound("integration", id);
        }

        if (!integration.Enabled || integration.PausedAt is not null)
        {
            return TypedResults.Problem(
                $"Integration '{integration.Name}' is {(integration.Enabled ? "paused; resume" : "disabled; enable")} it to send what is waiting.",
                statusCode: StatusCodes.Status409Conflict, title: "Not sending");
        }

        await retries.AskAsync(id, cancellationToken);
        return TypedResults.NoContent();
    }
}
