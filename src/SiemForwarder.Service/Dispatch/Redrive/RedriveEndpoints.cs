using Microsoft.AspNetCore.Http.HttpResults;
using SiemForwarder.Service.Access;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Dispatch.Retries;
using SiemForwarder.Service.Integrations;

namespace SiemForwarder.Service.Dispatch.Redrive;

/// <summary>Which events that were set aside shall be sent again; nothing named means all that are open.</summary>
/// <param name="Ids">Ids from the list of set-aside events.</param>
/// <param name="Reason">Part of the reason why they were set aside.</param>
/// <param name="RenderAgain">Write them with today's mapping and settings instead of sending the stored bytes; false by default.</param>
public sealed record RedriveRequest(IReadOnlyList<long>? Ids = null, string? Reason = null, bool? RenderAgain = null);

/// <summary>Which events that were set aside are given up.</summary>
/// <param name="Ids">Ids from the list of set-aside events.</param>
/// <param name="Reason">Part of the reason why they were set aside.</param>
/// <param name="Because">Why they are given up; kept with each.</param>
public sealed record DiscardRequest(IReadOnlyList<long>? Ids = null, string? Reason = null, string? Because = null);

/// <summary>How many events a decision was about.</summary>
public sealed record DecisionResponse(int Events);

/// <summary>Decisions on events that were set aside.</summary>
internal static class RedriveEndpoints
{
    public static void MapRedrive(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/integrations/{id:int}/set-aside").WithTags("Integrations");
        group.MapPost("/redrive", Redrive).WithName("RedriveSetAside").Needs(Permission.Operate)
            .WithSummary("Sends set-aside events again: some, those of a reason, or all. The engine that runs the integration does it; see the list for "
                + "what became of each.");
        group.MapPost("/discard", Discard).WithName("DiscardSetAside").Needs(Permission.Configure)
            .WithSummary("Gives set-aside events up for good; asks why, and keeps the answer with each.");
    }

    private static async Task<Results<Accepted<DecisionResponse>, ProblemHttpResult>> Redrive(
        int id, RedriveRequest request, IntegrationStore store, RedriveTable table, RetryRequests retries, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(id, cancellationToken) is null)
        {
            return Problems.NotFound("integration", id);
        }

        var count = await table.RequestAsync(id, request.Ids?.ToArray(), request.Reason, request.RenderAgain ?? false, cancellationToken);
        // A lane that waits between two rounds of an earlier redrive shall not wait on.
        await retries.AskAsync(id, cancellationToken);
        return TypedResults.Accepted($"/api/v1/integrations/{id}/set-aside", new DecisionResponse(count));
    }

    private static async Task<Results<Ok<DecisionResponse>, ValidationProblem, ProblemHttpResult>> Discard(
        int id, DiscardRequest request, IntegrationStore store, RedriveTable table, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(id, cancellationToken) is null)
        {
            return Problems.NotFound("integration", id);
        }

        var errors = new FieldErrors();
        if (string.IsNullOrWhiteSpace(request.Because))
        {
            errors.Add("because", "Say why these events are given up; it is kept with each of them.");
        }

        errors.AtMost("because", request.Because, 1000);
        return errors.Any
            ? Problems.Invalid(errors)
            : TypedResults.Ok(new DecisionResponse(await table.DiscardAsync(id, request.Ids?.ToArray(), request.Reason, request.Because!, cancellationToken)));
    }
}
