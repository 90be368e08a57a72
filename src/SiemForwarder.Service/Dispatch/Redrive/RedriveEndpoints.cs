using Microsoft.AspNetCore.Http.HttpResults;
using SiemForwarder.Service.Access;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Dispatch.Retries;
using SiemForwarder.Service.Integrations;

namespace SiemForwarder.Service.Dispatch.Redrive;

/// <summary>Which set-aside events to send again; without ids and reason, all open ones.</summary>
/// <param name="Ids">Ids from the list of set-aside events.</param>
/// <param name="Reason">Part of the reason why they were set aside.</param>
/// <param name="RenderAgain">Format them with the current mapping and settings instead of sending the stored bytes; false by default.</param>
public sealed record RedriveRequest(IReadOnlyList<long>? Ids = null, string? Reason = null, bool? RenderAgain = null);

/// <summary>Which set-aside events to discard.</summary>
/// <param name="Ids">Ids from the list of set-aside events.</param>
/// <param name="Reason">Part of the reason why they were set aside.</param>
/// <param name="Because">Why they are discarded; kept with each event.</param>
public sealed record DiscardRequest(IReadOnlyList<long>? Ids = null, string? Reason = null, string? Because = null);

/// <summary>How many events a decision affected.</summary>
public sealed record DecisionResponse(int Events);

/// <summary>Decisions on set-aside events.</summary>
internal static class RedriveEndpoints
{
    public static void MapRedrive(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/integrations/{id:int}/set-aside").WithTags("Integrations");
        group.MapPost("/redrive", Redrive).WithName("RedriveSetAside").Needs(Permission.Operate)
            .WithSummary("Sends set-aside events again: by id, by reason, or all of them. The engine that runs the integration sends them; the list of "
                + "set-aside events shows the result of each.");
        group.MapPost("/discard", Discard).WithName("DiscardSetAside").Needs(Permission.Configure)
            .WithSummary("Discards set-aside events for good. Requires a reason, which is kept with each event.");
    }

    private static async Task<Results<Accepted<DecisionResponse>, ProblemHttpResult>> Redrive(
        int id, RedriveRequest request, IntegrationStore store, RedriveTable table, RetryRequests retries, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(id, cancellationToken) is null)
        {
            return Problems.NotFound("integration", id);
        }

        var count = await table.RequestAsync(id, request.Ids?.ToArray(), request.Reason, request.RenderAgain ?? false, cancellationToken);
        // A lane that is waiting between two rounds of an earlier redrive must not keep waiting.
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
            errors.Add("because", "Say why these events are discarded; the reason is kept with each of them.");
        }

        errors.AtMost("because", request.Because, 1000);
        return errors.Any
            ? Problems.Invalid(errors)
            : TypedResults.Ok(new DecisionResponse(await table.DiscardAsync(id, request.Ids?.ToArray(), request.Reason, request.Because!, cancellationToken)));
    }
}
