using System.Text;
using Microsoft.Extensions.Options;
using SiemForwarder.Connections;
using SiemForwarder.Events;
using SiemForwarder.Service.Dispatch.Delivery;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.Integrations;

namespace SiemForwarder.Service.Dispatch.Testing;

/// <summary>Sends a marked event from this process to a destination, stage by stage.</summary>
internal sealed class IntegrationTest(TimeProvider time, IOptions<EngineOptions> engine)
{
    /// <summary>Runs the test here.</summary>
    public async Task<TestResponse> RunAsync(RunnableIntegration runnable, CancellationToken cancellationToken)
    {
        await using var destination = runnable.Kind.Open(runnable.Destination, time);
        using var buffer = BatchBuffer.For(runnable, destination.Limits);
        var now = time.GetUtcNow();
        var source = new EventSource(0, "test", "test", Environment.MachineName);
        var testEvent = TestEvent.Create(source, Guid.CreateVersion7(now).ToString("D"), now);
        buffer.TryFormat(runnable.Show(testEvent));
        var report = await destination.TestAsync(buffer.ToBatch(), cancellationToken);
        return new TestResponse(
            report.Succeeded,
            testEvent.Id,
            [.. report.Stages.Select(Shown)],
            Encoding.UTF8.GetString(report.Sent.Span),
            Convert.ToBase64String(report.Sent.Span),
            Encoding.UTF8.GetString(report.Received.Span),
            engine.Value.Name);
    }

    private static TestStageResponse Shown(TestStage stage) => new(
        stage.Name, stage.Result.ToString().ToLowerInvariant(), stage.Detail, stage.Advice, Math.Round(stage.Elapsed.TotalMilliseconds, 1));
}
