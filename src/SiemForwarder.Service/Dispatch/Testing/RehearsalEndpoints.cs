using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using SiemForwarder.Service.Access;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Integrations;

namespace SiemForwarder.Service.Dispatch.Testing;

/// <summary>Which attack to pretend.</summary>
/// <param name="Scenario">A name from <c>GET /api/v1/rehearsal-scenarios</c>.</param>
/// <param name="Source">Id of the source that the events claim to be of; the first of the integration by default.</param>
public sealed record RehearsalRequest([property: Length(1, 100)] string? Scenario = null, int? Source = null);

/// <summary>An attack that a rehearsal can pretend.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Description">What it pretends.</param>
/// <param name="Types">The types of its events, in order, each once.</param>
/// <param name="Events">The number of its events.</param>
public sealed record RehearsalScenarioResponse(string Name, string Description, IReadOnlyList<string> Types, int Events);

/// <summary>What a rehearsal sent, and how it was accepted.</summary>
/// <param name="Id">Id of the rehearsal; every event carries it as the detail <c>rehearsal_id</c>.</param>
/// <param name="Succeeded">Whether every event was accepted.</param>
/// <param name="Source">Name of the source that the events claim to be of.</param>
/// <param name="Engine">The engine that sent them, one of the integration's pool.</param>
/// <param name="Events">Each event and what became of it.</param>
/// <param name="Requests">The number of batches that were sent.</param>
/// <param name="Bytes">The size of the formatted events that were sent.</param>
/// <param name="Answer">The last response of the destination; null if there was none.</param>
/// <param name="Fault">Why not everything was sent; null if everything was.</param>
/// <param name="Sent">The formatted events as text, a line each, cut after about 64 Ki characters.</param>
public sealed record RehearsalResponse(
    string Id, string Scenario, bool Succeeded, string Source, string Engine, IReadOnlyList<RehearsedEventResponse> Events, int Requests, long Bytes,
    string? Answer, string? Fault, string Sent)
{
    internal static RehearsalResponse Unusable(string scenario, string fault, string engine) =>
        new(string.Empty, scenario, false, string.Empty, engine, [], 0, 0, null, fault, string.Empty);
}

/// <summary>One event of a rehearsal.</summary>
/// <param name="User">The user that it is about.</param>
/// <param name="State"><c>accepted</c>, <c>filtered out</c>, <c>rejected</c> or <c>not sent</c>.</param>
/// <param name="Explanation">Why it was not accepted.</param>
public sealed record RehearsedEventResponse(
    string EventId, string Type, DateTimeOffset OccurredAt, string? User, string? IpAddress, string State, string? Explanation);

/// <summary>What can become of an event of a rehearsal.</summary>
internal static class RehearsedState
{
    public const string Accepted = "accepted";
    public const string FilteredOut = "filtered out";
    public const string Rejected = "rejected";
    public const string NotSent = "not sent";
}

/// <summary>Rehearsing attacks, to see that the rules of a SIEM notice them.</summary>
internal static class RehearsalEndpoints
{
    private static readonly TimeSpan AskingBound = TimeSpan.FromSeconds(70);

    public static void MapRehearsals(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/v1/rehearsal-scenarios", List).WithTags("Catalogues").WithName("ListRehearsalScenarios").Needs(Permission.ReadSettings)
            .WithSummary("Lists the attacks that a rehearsal can pretend, with the types of their events.");
        routes.MapPost("/api/v1/integrations/{id:int}/rehearsals", Create).WithTags("Integrations").WithName("CreateRehearsal").Needs(Permission.Operate)
            .ProducesProblem(StatusCodes.Status409Conflict).ProducesProblem(StatusCodes.Status504GatewayTimeout)
            .WithSummary("Sends clearly marked events of a pretended attack through one integration, to see that the SIEM's rule fires: with its filter, "
                + "format and destination, even if it is disabled. They are never stored in the event log.");
    }

    private static Results<Ok<ListPage<RehearsalScenarioResponse>>, ValidationProblem> List([AsParameters] WholeListQuery query, TimeProvider time) =>
        query.Cut(RehearsalScenarios.All.Select(scenario =>
        {
            var script = new RehearsalScript(Guid.Empty, "rehearsal", time.GetUtcNow());
            scenario.Play(script);
            var events = script.Events;
            return new RehearsalScenarioResponse(scenario.Name, scenario.Description, [.. events.Select(one => one.TypeName).Distinct()], events.Count);
        }).ToList());

    private static async Task<Results<Ok<RehearsalResponse>, ValidationProblem, ProblemHttpResult>> Create(
        int id, RehearsalRequest request, IntegrationStore store, Rehearsal rehearsal, RehearsalRequests requests, SourceDirectory sources,
        EngineReader engines, IOptions<EngineOptions> engine, CancellationToken cancellationToken)
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
        var scenario = RehearsalScenarios.Find(request.Scenario);
        if (scenario is null)
        {
            errors.Add("scenario", $"Name one of: {string.Join(", ", RehearsalScenarios.All.Select(one => one.Name))}.");
        }

        if (request.Source is { } source && !(runnable.Sources.Count > 0 ? runnable.Sources : await sources.ListAsync(cancellationToken)).Contains(source))
        {
            errors.Add("source", $"The integration does not forward source {source}.");
        }

        if (errors.Any)
        {
            return Problems.Invalid(errors);
        }

        // As with a test: only engines of the pool are expected to reach the destination.
        var pool = runnable.EnginePool;
        if (engine.Value.Has(EngineOptions.Dispatch) && engine.Value.EffectivePools.Contains(pool))
        {
            return TypedResults.Ok(await rehearsal.RunAsync(runnable, scenario!, request.Source, cancellationToken));
        }

        if (!await engines.HasLivingEngineAsync(pool, cancellationToken))
        {
            return TypedResults.Problem(
                $"No engine of the pool '{pool}' is alive, so this destination cannot be reached. Start an engine with Forwarder__Engine__Pools__0={pool}, "
                    + "or move the integration to another pool.",
                statusCode: StatusCodes.Status409Conflict, title: "No engine to run the rehearsal");
        }

        var argument = JsonSerializer.Serialize(request with { Scenario = scenario!.Name }, JsonSerializerOptions.Web);
        return await requests.AskAsync(runnable, argument, AskingBound, null, cancellationToken) is { } response
            ? TypedResults.Ok(response)
            : TypedResults.Problem(
                $"The engines of the pool '{pool}' did not respond in time; check /api/v1/engines and their logs. "
                    + "Engines of an older version know no rehearsals.",
                statusCode: StatusCodes.Status504GatewayTimeout, title: "No answer");
    }
}
