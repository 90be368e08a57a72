using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
using Microsoft.AspNetCore.Http.HttpResults;
using SiemForwarder.Service.Access;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Integrations;

/// <summary>A request to pause an integration.</summary>
/// <param name="By">Ignored: the caller is recorded instead. Accepted for compatibility.</param>
/// <param name="Reason">Why, at most 1000 characters.</param>
public sealed record PauseRequest(string? By = null, [property: MaxLength(1000)] string? Reason = null);

/// <summary>Pausing and resuming an integration: unlike a disabled one, a paused one keeps its position and no undelivered event is dropped.</summary>
internal static class PauseEndpoints
{
    public static void MapPause(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/integrations/{id:int}").WithTags("Integrations");
        group.MapPost("/pause", Pause).WithName("PauseIntegration").Needs(Permission.Operate)
            .WithSummary("Pauses sending. Events are still stored and are sent after a resume. The status shows since when and by whom it is paused.");
        group.MapPost("/resume", Resume).WithName("ResumeIntegration").Needs(Permission.Operate).WithSummary("Resumes sending where it was paused.");
    }

    private static Task<Results<NoContent, ValidationProblem, ProblemHttpResult>> Pause(
        int id, PauseRequest request, ClaimsPrincipal user, IntegrationStore store, CancellationToken cancellationToken)
    {
        var errors = new FieldErrors();
        errors.AtMost("reason", request.Reason, 1000);
        return errors.Any
            ? Task.FromResult<Results<NoContent, ValidationProblem, ProblemHttpResult>>(Problems.Invalid(errors))
            : SetAsync(id, Caller.Of(user)!.Name, request.Reason?.Trim(), store, cancellationToken);
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
