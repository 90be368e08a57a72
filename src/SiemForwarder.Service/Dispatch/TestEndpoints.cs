using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using SiemForwarder.Destinations;
using SiemForwarder.Events;
using SiemForwarder.Events.Formats;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Integrations;

namespace SiemForwarder.Service.Dispatch;

/// <summary>What a test found.</summary>
/// <param name="Succeeded">Whether no stage failed.</param>
/// <param name="EventId">Id of the test event, to look for in the SIEM.</param>
/// <param name="Stages">Name resolution, connection, TLS, authentication, acceptance.</param>
/// <param name="Sent">What went out, as text; secrets masked.</param>
/// <param name="SentBase64">The same, exactly.</param>
/// <param name="Received">What came back, as text, at most 4 KiB.</param>
public sealed record TestResponse(
    bool Succeeded, string EventId, IReadOnlyList<TestStageResponse> Stages, string Sent, string SentBase64, string Received);

/// <summary>One stage of a test.</summary>
/// <param name="Name">name resolution, connection, TLS, authentication or acceptance.</param>
/// <param name="Result"><c>passed</c>, <c>failed</c> or <c>skipped</c>.</param>
/// <param name="Detail">What was seen.</param>
/// <param name="Advice">What to change where it failed.</param>
/// <param name="Milliseconds">How long it took.</param>
public sealed record TestStageResponse(string Name, string Result, string Detail, string? Advice, double Milliseconds);

/// <summary>The test of an integration.</summary>
internal static class TestEndpoints
{
    public static void MapTests(this IEndpointRouteBuilder routes) => routes
        .MapPost("/api/v1/integrations/{id:int}/test", Test).WithTags("Integrations").WithName("TestIntegration")
        .WithSummary("Sends one clearly marked test event now, whether enabled or not, and answers stage by stage.");

    private static async Task<Results<Ok<TestResponse>, ProblemHttpResult>> Test(
        int id, IntegrationStore store, TimeProvider time, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(id, cancellationToken) is not { } integration)
        {
            return Problems.NotFound("integration", id);
        }

        return store.FindRunnable(integration, out var fault) is { } runnable
            ? TypedResults.Ok(await RunAsync(runnable, time, cancellationToken))
            : TypedResults.Problem(fault, statusCode: StatusCodes.Status409Conflict, title: "Integration unusable");
    }

    private static async Task<TestResponse> RunAsync(RunnableIntegration runnable, TimeProvider time, CancellationToken cancellationToken)
    {
        await using var destination = runnable.Kind.Open(runnable.Destination, time);
        using var buffer = new BatchBuffer(EventFormatCatalog.Create(runnable.Output), destination.Limits);
        var now = time.GetUtcNow();
        var source = new EventSource(0, "test", "test", Environment.MachineName);
        var testEvent = TestEvent.Create(source, Guid.CreateVersion7(now).ToString("D"), now);
        buffer.TryAdd(testEvent);
        var report = await destination.TestAsync(buffer.ToBatch(), cancellationToken);
        return new TestResponse(
            report.Succeeded,
            testEvent.Id,
            [.. report.Stages.Select(Shown)],
            Encoding.UTF8.GetString(report.Sent.Span),
            Convert.ToBase64String(report.Sent.Span),
            Encoding.UTF8.GetString(report.Received.Span));
    }

    private static TestStageResponse Shown(TestStage stage) => new(
        stage.Name, stage.Result.ToString().ToLowerInvariant(), stage.Detail, stage.Advice, Math.Round(stage.Elapsed.TotalMilliseconds, 1));
}
