using System.Text.Json;
using System.Threading.Channels;
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

/// <summary>A line of a test that is followed: first each stage when it ends, then the result.</summary>
/// <param name="Stage">A stage that has ended; null in the last line.</param>
/// <param name="Result">The result, with all stages as they finally are; null before the last line.</param>
public sealed record TestLine(TestStageResponse? Stage, TestResponse? Result);

/// <summary>Testing an integration.</summary>
internal static class TestEndpoints
{
    private const string Lines = "application/x-ndjson";

    private static readonly TimeSpan AskingBound = TimeSpan.FromSeconds(60);

    public static void MapTests(this IEndpointRouteBuilder routes) => routes
        .MapPost("/api/v1/integrations/{id:int}/test", Test).WithTags("Integrations").WithName("TestIntegration").Needs(Permission.Operate)
        .WithSummary("Sends a clearly marked test event, even if the integration is disabled, from an engine of its pool, and reports each stage.")
        .WithDescription($"With Accept: {Lines} each stage is a line of JSON, {{\"stage\": …}}, as soon as it ends, and the last line is {{\"result\": …}}.");

    private static async Task<Results<Ok<TestResponse>, PushStreamHttpResult, ProblemHttpResult>> Test(
        int id, HttpRequest request, IntegrationStore store, IntegrationTest test, TestRequests requests, EngineReader engines, IOptions<EngineOptions> engine,
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
            return IsFollowed(request)
                ? TypedResults.Stream(body => FollowAsync(test, runnable, body, cancellationToken), Lines)
                : TypedResults.Ok(await test.RunAsync(runnable, cancellationToken));
        }

        if (!await engines.HasLivingEngineAsync(pool, cancellationToken))
        {
            return TypedResults.Problem(
                $"No engine of the pool '{pool}' is alive, so this destination cannot be reached. Start an engine with Forwarder__Engine__Pools__0={pool}, "
                    + "or move the integration to another pool.",
                statusCode: StatusCodes.Status409Conflict, title: "No engine to run the test");
        }

        return IsFollowed(request)
            ? await FollowElsewhereAsync(requests, runnable, cancellationToken)
            : await requests.AskAsync(runnable, null, BoundOf(runnable), null, cancellationToken) is { } response
            ? TypedResults.Ok(response)
            : NoAnswer(pool);
    }

    private static TimeSpan BoundOf(RunnableIntegration runnable) =>
        TimeSpan.FromTicks(Math.Max(AskingBound.Ticks, ((runnable.Destination.Timeout * 3) + TimeSpan.FromSeconds(10)).Ticks));

    private static string Silence(string pool) => $"The engines of the pool '{pool}' did not respond in time; check /api/v1/engines and their logs.";

    private static ProblemHttpResult NoAnswer(string pool) =>
        TypedResults.Problem(Silence(pool), statusCode: StatusCodes.Status504GatewayTimeout, title: "No answer");

    private static bool IsFollowed(HttpRequest request) =>
        request.GetTypedHeaders().Accept.Any(one => one.MediaType.Equals(Lines, StringComparison.OrdinalIgnoreCase));

    private static Task FollowAsync(IntegrationTest test, RunnableIntegration runnable, Stream body, CancellationToken cancellationToken)
    {
        var lines = Channel.CreateUnbounded<TestLine>();
        _ = RunAsync(lines.Writer, async () =>
        {
            var result = await test.RunAsync(runnable, stage => lines.Writer.TryWrite(new TestLine(stage, null)), cancellationToken);
            lines.Writer.TryWrite(new TestLine(null, result));
        });
        return CopyAsync(lines.Reader, body, cancellationToken);
    }

    private static async Task<Results<Ok<TestResponse>, PushStreamHttpResult, ProblemHttpResult>> FollowElsewhereAsync(
        TestRequests requests, RunnableIntegration runnable, CancellationToken cancellationToken)
    {
        var lines = Channel.CreateUnbounded<TestLine>();
        _ = RunAsync(lines.Writer, async () =>
        {
            var told = 0;
            var result = await requests.AskAsync(runnable, null, BoundOf(runnable), TellAsync, cancellationToken);
            if (result is null && told == 0)
            {
                return;
            }

            result ??= TestResponse.Unusable(Silence(runnable.EnginePool), string.Empty);
            // An engine of an older version tells all of them at the end.
            Tell(told == 0 ? result.Stages : []);
            lines.Writer.TryWrite(new TestLine(null, result));

            async Task TellAsync(long id) => Tell([.. (await requests.ReadStagesAsync(id, cancellationToken)).Skip(told)]);

            void Tell(IReadOnlyList<TestStageResponse> stages)
            {
                told += stages.Count;
                foreach (var stage in stages)
                {
                    lines.Writer.TryWrite(new TestLine(stage, null));
                }
            }
        });

        return await lines.Reader.WaitToReadAsync(cancellationToken)
            ? TypedResults.Stream(body => CopyAsync(lines.Reader, body, cancellationToken), Lines)
            : NoAnswer(runnable.EnginePool);
    }

    // Whoever reads the lines gets the exception.
    private static async Task RunAsync(ChannelWriter<TestLine> lines, Func<Task> run)
    {
        var fault = (Exception?)null;
        try
        {
            await run();
        }
        catch (Exception exception)
        {
            fault = exception;
        }
        finally
        {
            lines.Complete(fault);
        }
    }

    private static async Task CopyAsync(ChannelReader<TestLine> lines, Stream body, CancellationToken cancellationToken)
    {
        await foreach (var line in lines.ReadAllAsync(cancellationToken))
        {
            await WriteAsync(line, body, cancellationToken);
        }
    }

    private static async Task WriteAsync(TestLine line, Stream body, CancellationToken cancellationToken)
    {
        await JsonSerializer.SerializeAsync(body, line, JsonSerializerOptions.Web, cancellationToken);
        await body.WriteAsync("\n"u8.ToArray(), cancellationToken);
        await body.FlushAsync(cancellationToken);
    }
}
