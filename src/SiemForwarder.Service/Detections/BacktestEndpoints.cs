using Microsoft.AspNetCore.Http.HttpResults;
using SiemForwarder.Service.Access;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Detections;

/// <summary>Backtests of a rule file: a short one in the answer, a long one by itself.</summary>
internal static class BacktestEndpoints
{
    private const string Thing = "rule file";
    private const int DefaultEvents = 200_000;
    private const int MaxEvents = 1_000_000;
    private const int MaxEventsOfRun = 1_000_000_000;
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan MaxRange = TimeSpan.FromDays(366);

    public static void MapBacktests(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/rules/{name}").WithTags("Detections");
        group.MapPost("/backtest", Run).WithName("BacktestRule").Needs(Permission.ReadEvents)
            .WithSummary("Runs a rule file over stored events, for at most 30 seconds: how often it would have alerted, and on which events.");
        group.MapPost("/backtests", Order).WithName("OrderBacktest").Needs(Permission.ReadEvents).ProducesProblem(StatusCodes.Status409Conflict)
            .WithSummary("Orders a backtest that runs by itself, however long the range; Location leads to its progress and result.");
        group.MapGet("/backtests", List).WithName("ListBacktests").Needs(Permission.ReadEvents)
            .WithSummary("Lists the backtests of a rule file that ran by themselves, the newest first.");
        group.MapGet("/backtests/{id}", Get).WithName("GetBacktest").Needs(Permission.ReadEvents)
            .WithSummary("Shows how far a backtest is, and what it found once it is done.");
        group.MapDelete("/backtests/{id}", Delete).WithName("DeleteBacktest").Needs(Permission.ReadEvents)
            .WithSummary("Deletes a backtest that the caller ordered, or any if it may change rules; one that is running ends.");
    }

    private static async Task<Results<Ok<BacktestResponse>, ValidationProblem, ProblemHttpResult>> Run(
        string name, BacktestRequest request, RuleShelf shelf, Backtests backtests, TimeProvider time, CancellationToken cancellationToken)
    {
        var library = await shelf.ReadAsync(cancellationToken);
        if (!library.Files.TryGetValue(name, out var file))
        {
            return Problems.NotFound(Thing, name);
        }

        var errors = new FieldErrors();
        var range = Read(request, errors, MaxEvents, DefaultEvents, Bound, time);
        return errors.Any
            ? Problems.Invalid(errors)
            : TypedResults.Ok(await backtests.RunAsync(file, library, range, (_, _, _) => ValueTask.FromResult(true), cancellationToken));
    }

    private static async Task<Results<Accepted<BacktestRunResponse>, ValidationProblem, ProblemHttpResult>> Order(
        string name, BacktestRequest request, RuleShelf shelf, BacktestTable table, ConfigurationSignal configuration, TimeProvider time,
        HttpContext http, CancellationToken cancellationToken)
    {
        if (!(await shelf.ReadAsync(cancellationToken)).Files.ContainsKey(name))
        {
            return Problems.NotFound(Thing, name);
        }

        var errors = new FieldErrors();
        var range = Read(request, errors, MaxEventsOfRun, MaxEventsOfRun, null, time);
        if (errors.Any)
        {
            return Problems.Invalid(errors);
        }

        if (await table.OrderAsync(name, range, Caller.Of(http.User)!, cancellationToken) is not { } id)
        {
            return TypedResults.Problem(
                "Eight backtests are waiting or running; wait until one is done, or delete one.", statusCode: StatusCodes.Status409Conflict,
                title: "Too many backtests");
        }

        configuration.Raise();
        return await table.FindAsync(name, id, cancellationToken) is { } ordered
            ? TypedResults.Accepted($"/api/v1/rules/{name}/backtests/{id}", ordered)
            : Problems.NotFound("backtest", id);
    }

    private static async Task<Results<Ok<ListPage<BacktestRunResponse>>, ValidationProblem>> List(
        string name, [AsParameters] WholeListQuery query, BacktestTable table, CancellationToken cancellationToken) =>
        query.Cut(await table.ListAsync(name, cancellationToken));

    private static async Task<Results<Ok<BacktestRunResponse>, ProblemHttpResult>> Get(
        string name, string id, BacktestTable table, CancellationToken cancellationToken) =>
        Guid.TryParse(id, out var known) && await table.FindAsync(name, known, cancellationToken) is { } run
            ? TypedResults.Ok(run)
            : Problems.NotFound("backtest", id);

    private static async Task<Results<NoContent, ProblemHttpResult>> Delete(
        string name, string id, BacktestTable table, HttpContext http, CancellationToken cancellationToken)
    {
        if (!Guid.TryParse(id, out var known))
        {
            return Problems.NotFound("backtest", id);
        }

        if (await table.DeleteAsync(name, known, Caller.Of(http.User)!, cancellationToken))
        {
            return TypedResults.NoContent();
        }

        return await table.FindAsync(name, known, cancellationToken) is not { } others ? Problems.NotFound("backtest", id)
            : TypedResults.Problem(
                $"This backtest was ordered by {(others.OrderedBy is { } by ? $"'{by}'" : "somebody else")}; they or an administrator can delete it.",
                statusCode: StatusCodes.Status403Forbidden, title: "Not your backtest");
    }

    private static BacktestRange Read(BacktestRequest request, FieldErrors errors, int maxEvents, int defaultEvents, TimeSpan? bound, TimeProvider time)
    {
        var to = request.To ?? time.GetUtcNow();
        var from = request.From ?? (to - DateTimeOffset.UnixEpoch > TimeSpan.FromDays(1) ? to.AddDays(-1) : DateTimeOffset.UnixEpoch);
        if (from >= to || to - from > MaxRange)
        {
            errors.Add("from", "Must be before to, by at most 366 days.");
        }

        if (from < DateTimeOffset.UnixEpoch)
        {
            errors.Add("from", "Must not be before 1970.");
        }

        return new BacktestRange(from, to, errors.Between("maxEvents", request.MaxEvents, 1, maxEvents, defaultEvents), bound);
    }
}
