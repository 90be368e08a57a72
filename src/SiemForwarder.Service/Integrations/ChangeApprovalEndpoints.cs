using Microsoft.AspNetCore.Http.HttpResults;
using SiemForwarder.Service.Access;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Integrations;

/// <summary>Approving and rejecting changes that need a second administrator.</summary>
internal static class ChangeApprovalEndpoints
{
    private const string Thing = "pending change";

    public static void MapChangeApprovals(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/integrations/{id:int}/changes").WithTags("Integrations");
        group.MapGet("/", List).WithName("ListIntegrationChanges").Needs(Permission.ReadSettings)
            .WithSummary("Lists changes to an integration that need or needed approval by a second administrator, newest first.");
        group.MapPost("/{changeId:long}/approve", Approve).WithName("ApproveIntegrationChange").Needs(Permission.Configure)
            .WithSummary("Approves and makes a change that another administrator requested.").ProducesProblem(StatusCodes.Status409Conflict);
        group.MapPost("/{changeId:long}/reject", Reject).WithName("RejectIntegrationChange").Needs(Permission.Configure)
            .WithSummary("Rejects a pending change; the administrator who requested it may also do this.").ProducesProblem(StatusCodes.Status409Conflict);
    }

    private static async Task<Results<Ok<ListPage<PendingChangeResponse>>, ValidationProblem, ProblemHttpResult>> List(
        int id, [AsParameters] PageQuery query, IntegrationStore store, ChangeApprovals approvals, CancellationToken cancellationToken)
    {
        var errors = new FieldErrors();
        var (page, pageSize) = query.Read(errors);
        if (errors.Any)
        {
            return Problems.Invalid(errors);
        }

        if (await store.FindAsync(id, cancellationToken) is null)
        {
            return Problems.NotFound("integration", id);
        }

        var (items, total) = await approvals.ListAsync(id, page, pageSize, cancellationToken);
        return TypedResults.Ok(new ListPage<PendingChangeResponse>(items, total, page, pageSize));
    }

    private static async Task<Results<Ok<PendingChangeResponse>, ProblemHttpResult>> Approve(
        int id, long changeId, IntegrationStore store, ChangeApprovals approvals, HttpContext http, CancellationToken cancellationToken)
    {
        var (change, refusal) = await FindWaitingAsync(id, changeId, approvals, cancellationToken);
        if (change is null)
        {
            return refusal!;
        }

        var decider = Caller.Of(http.User)!;
        if (decider.Credential == change.AskedAs)
        {
            return TypedResults.Problem(
                "You requested this change yourself; another administrator has to approve it.", statusCode: StatusCodes.Status403Forbidden,
                title: "A second person is needed");
        }

        if (await MakeAsync(change, store, cancellationToken) is { } why)
        {
            await approvals.DecideAsync(change, PendingChangeResponse.Overtaken, decider, cancellationToken);
            return TypedResults.Problem($"The change can no longer be made: {why}", statusCode: StatusCodes.Status409Conflict, title: "Change is outdated");
        }

        await approvals.DecideAsync(change, PendingChangeResponse.Approved, decider, cancellationToken);
        return TypedResults.Ok(
            await approvals.FindAsync(id, changeId, cancellationToken) ?? change with { State = PendingChangeResponse.Approved, DecidedBy = decider.Name });
    }

    private static async Task<Results<Ok<PendingChangeResponse>, ProblemHttpResult>> Reject(
        int id, long changeId, ChangeApprovals approvals, HttpContext http, CancellationToken cancellationToken)
    {
        var (change, refusal) = await FindWaitingAsync(id, changeId, approvals, cancellationToken);
        if (change is null)
        {
            return refusal!;
        }

        await approvals.DecideAsync(change, PendingChangeResponse.Rejected, Caller.Of(http.User)!, cancellationToken);
        return await approvals.FindAsync(id, changeId, cancellationToken) is { } decided ? TypedResults.Ok(decided) : Problems.NotFound(Thing, changeId);
    }

    private static async Task<(PendingChangeResponse? Change, ProblemHttpResult? Refusal)> FindWaitingAsync(
        int id, long changeId, ChangeApprovals approvals, CancellationToken cancellationToken)
    {
        if (await approvals.FindAsync(id, changeId, cancellationToken) is not { } change)
        {
            return (null, Problems.NotFound(Thing, changeId));
        }

        return change.State == PendingChangeResponse.Waiting
            ? (change, null)
            : (null, TypedResults.Problem($"The change is already {change.State}.", statusCode: StatusCodes.Status409Conflict, title: "Already decided"));
    }

    /// <summary>Makes the change if the integration still has the version it was requested for; null on success, otherwise the reason.</summary>
    private static async Task<string?> MakeAsync(PendingChangeResponse change, IntegrationStore store, CancellationToken cancellationToken)
    {
        const string Changed = "the integration has changed since. Request it again.";
        if (await store.FindAsync(change.Integration, cancellationToken) is not { } stored || stored.Version != change.Version)
        {
            return Changed;
        }

        switch (change.Operation)
        {
            case "delete":
                return await store.DeleteAsync(change.Integration, change.Version, cancellationToken) == ChangeResult.Done ? null : Changed;
            case "disable":
                return (await store.SetEnabledAsync(change.Integration, false, cancellationToken)).Result == ChangeResult.Done ? null : Changed;
            default:
                if (change.Request is null)
                {
                    return "its secrets cannot be decrypted with the keys of this database. Request it again.";
                }

                var errors = new FieldErrors();
                if (await IntegrationEndpoints.ValidateAsync(change.Request, stored, store, errors, cancellationToken) is not { } valid)
                {
                    return $"{string.Join(' ', errors.ByField.SelectMany(field => field.Value.Select(text => $"{field.Key}: {text}")))} Request it again.";
                }

                var (result, _) = await store.UpdateAsync(change.Integration, change.Version, valid, cancellationToken);
                return result switch
                {
                    ChangeResult.Done => null,
                    ChangeResult.NameTaken => $"another integration is now named '{valid.Name}'.",
                    _ => Changed,
                };
        }
    }
}
