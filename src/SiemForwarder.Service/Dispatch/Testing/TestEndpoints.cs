using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using SiemForwarder.Service.Access;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.Integrations;

namespace SiemForwarder.Service.Dispatch.Testing;

/// <summary>The result of a test.</summary>
/// <param name="Succeeded">Whether no stage failed.</param>
/// <param name="EventId">Id of the test event, to look for in the SIEM.</param>
/// <param name="Stages">Name resolution, connection, TLS, authentication, acceptance.</param>
/// <param name="Sent">What was sent, as text; secrets masked.</param>
/// <param name="SentBase64">The exact bytes that were sent.</param>
/// <param name="Received">The response as text, at most 4 KiB.</param>
/// <param name="Engine">The engine that sent it, one of the integration's pool.</param>
public sealed record TestResponse(
    bool Succeeded, string EventId, IReadOnlyList<TestStageResponse> Stages, string Sent, string SentBase64, string Received, string Engine)
{
    internal static TestResponse Unusable(string fault, string engine) =>
        new(false, string.Empty, [new TestStageResponse("settings", "failed", fault, null, 0)], string.Empty, string.Empty, string.Empty, engine);
}

/// <summary>One stage of a test.</summary>
/// <param name="Name">name resolution, connection, TLS, authentication or acceptance.</param>
/// <param name="Result"><c>passed</c>, <c>failed</c> or <c>skipped</c>.</param>
/// <param name="Detail">What was observed.</param>
/// <param name="Advice">What to change if it failed.</param>
/// <param name="Milliseconds">How long it took.</param>
public sealed record TestStageResponse(string Name, string Result, string Detail, string? Advice, double Milliseconds);

/// <summary>Testing an integration.</summary>
internal static class TestEndpoints
{
    private static readonly TimeSpan AskingBound = TimeSpan.FromSeconds(60);

    public static void MapTests(this IEndpointRouteBuilder routes) => routes
        .MapPost("/api/v1/integrations/{id:int}/test", Test).WithTags("Integrations").WithName("TestIntegration").Needs(Permission.Operate)
        .WithSummary("Sends a clearly marked test event, even if the integration is disabled, from an engine of its pool, and reports each stage.");

    private static async Task<Results<Ok<TestResponse>, ProblemHttpResult>> Test(
        int id, IntegrationStore store, IntegrationTest test, TestRequests requests, EngineReader engines, IOptions<EngineOptions> engine,
        CancellationToken cancellationToken)
    {
        if (await store.FindAsync(id, cancellationToken) is not { } integration)
        {
            return Problems.NotFound("integration", id);
        }

        if (store.FindRunnable(integration, out var fault) is not { } runnable)
        {
            return TypedResults.Problem(fault, statusCode: StatusCodes.Status409Conflict, title: "Integration unusable");
        }

        // Only engines of the pool are expected to reach the destination; a test from any other process proves nothing.
        var pool = runnable.EnginePool;
        if (engine.Value.Has(EngineOptions.Dispatch) && engine.Value.EffectivePools.Contains(pool))
        {
            return TypedResults.Ok(await test.RunAsync(runnable, cancellationToken));
        }

        if (!await engines.HasLivingEngineAsync(pool, cancellationToken))
        {
            return TypedResults.Problem(
                $"No engine of the pool '{pool}' is alive, so this destination cannot be reached. Start an engine with Forwarder__Engine__Pools__0={pool}, "
                    + "or move the integration to another pool.",
                statusCode: StatusCodes.Status409Conflict, title: "No engine to run the test");
        }

        var bound = (runnable.Destination.Timeout * 3) + TimeSpan.FromSeconds(10);
        return await requests.AskAsync(runnable, null, bound < AskingBound ? AskingBound : bound, cancellationToken) is { } response
            ? TypedResults.Ok(response)
            : TypedResults.Problem(
                $"The engines of the pool '{pool}' did not respond in time; check /api/v1/engines and their logs.",
                statusCode: StatusCodes.Status504GatewayTimeout, title: "No answer");
    }
}
