using System.Security.Claims;
using Microsoft.AspNetCore.Http.HttpResults;
using SiemForwarder.Service.Access;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Integrations;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Dispatch.Replays;

/// <summary>The replays of an integration.</summary>
internal static class ReplayEndpoints
{
    private const int DefaultRate = 500;

    public static void MapReplays(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/integrations/{id:int}/replays").WithTags("Integrations");
        group.MapPost("/", Create).WithName("CreateReplay").Needs(Permission.Operate).ProducesProblem(StatusCodes.Status409Conflict)
            .WithSummary("Sends stored events again, in a separate lane beside live traffic. With dryRun, only estimates the number of events, the duration "
                + "and the number of duplicates.");
        group.MapGet("/", List).WithName("ListReplays").Needs(Permission.ReadStates)
            .WithSummary("Lists the replays and backfills of an integration with their progress, newest first.");
        group.MapGet("/{replayId:long}", Get).WithName("GetReplay").Needs(Permission.ReadStates)
            .WithSummary("Shows the progress of a replay and when it will finish.");
        group.MapPost("/{replayId:long}/cancel", Cancel).WithName("CancelReplay").Needs(Permission.Operate).ProducesProblem(StatusCodes.Status409Conflict)
            .WithSummary("Cancels a replay; events already sent are not recalled.");
        group.MapPost("/{replayId:long}/resume", Resume).WithName("ResumeReplay").Needs(Permission.Operate).ProducesProblem(StatusCodes.Status409Conflict)
            .WithSummary("Resumes a cancelled replay where it stopped.");
    }

    private static async Task<Results<Ok<ReplayEstimateResponse>, Accepted<ReplayResponse>, ValidationProblem, ProblemHttpResult>> Create(
        int id, ReplayRequest request, ClaimsPrincipal user, IntegrationStore store, ReplayTable table, ReplayPlanner planner,
        ConfigurationSignal configuration, TimeProvider time, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(id, cancellationToken) is not { } integration)
        {
            return Problems.NotFound("integration", id);
        }

        if (store.FindRunnable(integration, out var fault) is not { } runnable)
        {
            return TypedResults.Problem(fault, statusCode: StatusCodes.Status409Conflict, title: "Integration unusable");
        }

        var errors = new FieldErrors();
        var definition = new ReplayDefinition(request.From?.ToUniversalTime(), request.To?.ToUniversalTime(), IntegrationRules.Filter(request.Filter, errors));
        var rate = errors.Between("eventsPerSecond", request.EventsPerSecond, 1, 100_000, DefaultRate);
        Check(request, runnable, errors);
        if (errors.Any)
        {
            return Problems.Invalid(errors);
        }

        var ranges = await planner.FindRangesAsync(
            request.Sources ?? runnable.Sources, definition, request.FirstPosition, request.LastPosition, cancellationToken);
        if (request.DryRun == true)
        {
            var estimate = await planner.EstimateAsync(runnable, definition, rate, ranges, cancellationToken);
            return TypedResults.Ok(new ReplayEstimateResponse(
                estimate.Events, estimate.Bytes, estimate.EstimatedSeconds, estimate.DuplicatesExpected, estimate.IsExact, ReplayResponse.Show(ranges)));
        }

        var replayId = await table.CreateAsync(id, Replay.AsReplay, definition, rate, Caller.Of(user)!.Name, ranges, cancellationToken);
        configuration.Raise();
        var created = await table.FindAsync(id, replayId, cancellationToken);
        return TypedResults.Accepted($"/api/v1/integrations/{id}/replays/{replayId}", ReplayResponse.Of(created!, time.GetUtcNow()));
    }

    private static void Check(ReplayRequest request, RunnableIntegration integration, FieldErrors errors)
    {
        var isBounded = request.From is not null || request.To is not null || request.FirstPosition is not null || request.LastPosition is not null;
        if (!isBounded && request.Everything != true)
        {
            errors.Add("from", "Say which events: from and to, firstPosition and lastPosition, or everything: true.");
        }

        if (isBounded && request.Everything == true)
        {
            errors.Add("everything", "Cannot be combined with times or positions; omit one or the other.");
        }

        if (request.From >= request.To)
        {
            errors.Add("to", "Must be later than from.");
        }

        if ((request.FirstPosition ?? request.LastPosition) is not null && request.Sources is not { Count: 1 })
        {
            errors.Add("sources", "Positions belong to one source; name exactly one.");
        }

        if (request.FirstPosition > request.LastPosition)
        {
            errors.Add("lastPosition", "Must not be before firstPosition.");
        }

        var foreign = integration.Sources.Count == 0 ? [] : (request.Sources ?? []).Except(integration.Sources).ToList();
        if (foreign.Count > 0)
        {
            errors.Add("sources", $"The integration does not forward source {string.Join(", ", foreign)}.");
        }
    }

    private static async Task<Results<Ok<ListPage<ReplayResponse>>, ValidationProblem, ProblemHttpResult>> List(
        int id, [AsParameters] WholeListQuery query, IntegrationStore store, ReplayTable table, TimeProvider time, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(id, cancellationToken) is null)
        {
            return Problems.NotFound("integration", id);
        }

        var replays = await table.ListAsync(id, cancellationToken);
        return query.Cut<ReplayResponse>([.. replays.Select(replay => ReplayResponse.Of(replay, time.GetUtcNow()))]) switch
        {
            { Result: Ok<ListPage<ReplayResponse>> page } => page,
            var refused => (ValidationProblem)refused.Result,
        };
    }

    private static async Task<Results<Ok<ReplayResponse>, ProblemHttpResult>> Get(
        int id, long replayId, ReplayTable table, TimeProvider time, CancellationToken cancellationToken) =>
        await table.FindAsync(id, replayId, cancellationToken) is { } replay
            ? TypedResults.Ok(ReplayResponse.Of(replay, time.GetUtcNow()))
            : Problems.NotFound("replay", replayId);

    private static Task<Results<Ok<ReplayResponse>, ProblemHttpResult>> Cancel(
        int id, long replayId, ReplayTable table, ConfigurationSignal configuration, TimeProvider time, CancellationToken cancellationToken) =>
        MoveAsync(id, replayId, Replay.Running, "cancelled", table, configuration, time, cancellationToken);

    private static Task<Results<Ok<ReplayResponse>, ProblemHttpResult>> Resume(
        int id, long replayId, ReplayTable table, ConfigurationSignal configuration, TimeProvider time, CancellationToken cancellationToken) =>
        MoveAsync(id, replayId, "cancelled", Replay.Running, table, configuration, time, cancellationToken);

    private static async Task<Results<Ok<ReplayResponse>, ProblemHttpResult>> MoveAsync(
        int id, long replayId, string from, string to, ReplayTable table, ConfigurationSignal configuration, TimeProvider time,
        CancellationToken cancellationToken)
    {
        if (await table.FindAsync(id, replayId, cancellationToken) is not { } replay)
        {
            return Problems.NotFound("replay", replayId);
        }

        if (replay.State != to && await table.MoveAsync(replayId, from, to, cancellationToken) == 0)
        {
            return TypedResults.Problem($"The replay is already {replay.State}.", statusCode: StatusCodes.Status409Conflict, title: "Not possible now");
        }

        configuration.Raise();
        return TypedResults.Ok(ReplayResponse.Of((await table.FindAsync(id, replayId, cancellationToken))!, time.GetUtcNow()));
    }
}
