using Microsoft.AspNetCore.Http.HttpResults;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Integrations;

/// <summary>Why sending shall pause.</summary>
/// <param name="By">Who pauses it, 1 to 200 characters; shown in the status.</param>
/// <param name="Reason">Why, at most 1000 characters.</param>
public sealed record PauseRequest(string? By = null, string? Reason = null);

/// <summary>Pausing and resuming an integration: unlike a disabled one, a paused one keeps its place and nothing that it has not got is dropped.</summary>
internal static class PauseEndpoints
{
    public static void MapPause(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/integrations/{id:int}").WithTags("Integrations");
        group.MapPost("/pause", Pause).WithName("PauseIntegration")
            .WithSummary("Pauses sending; events are pulled and stored on, and sent after a resume. The status says since when and by whom.");
        group.MapPost("/resume", Resume).WithName("ResumeIntegration").WithSummary("Goes on sending where a pause began.");
    }

    private static Task<Results<NoContent, ValidationProblem, ProblemHttpResult>> Pause(
        int id, PauseRequest request, IntegrationStore store, CancellationToken cancellationToken)
    {
        var errors = new FieldErrors();
        if (string.IsNullOrWhiteSpace(request.By))
        {
            errors.Add("by", "Say who pauses the integration; the status shows it to those who wonder.");
        }

        errors.AtMost("by", request.By, 200);
        errors.AtMost("reason", request.Reason, 1000);
        return errors.Any
            ? Task.FromResult<Results<NoContent, ValidationProblem, ProblemHttpResult>>(Problems.Invalid(errors))
            : SetAsync(id, request.By!.Trim(), request.Reason?.Trim(), store, cancellationToken);
    }

    private static Task<Results<NoContent, ValidationProblem, ProblemHttpResult>> Resume(
        int id, IntegrationStore store, CancellationToken cancellationToken) => SetAsync(id, null, null, store, cancellationToken);

    private static async Task<Results<NoContent, ValidationProblem, ProblemHttpResult>> SetAsync(
        int id, string? by, string? reason, IntegrationStore store, CancellationToken cancellationToken) =>
        (await store.SetPausedAsync(id, by, reason, cancellationToken)).Result switch
        {
            ChangeResult.Done => TypedResults.NoContent(),
            ChangeResult.Stale => Problems.Stale("integration"),
            _ => Problems.NotFound("integration", id),
        };
}
