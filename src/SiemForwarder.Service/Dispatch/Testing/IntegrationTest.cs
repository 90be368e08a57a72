using System.Text;
using Microsoft.Extensions.Options;
using SiemForwarder.Connections;
using SiemForwarder.Connections.Network;
using SiemForwarder.Connections.Tls;
using SiemForwarder.Destinations;
using SiemForwarder.Events;
using SiemForwarder.Service.Dispatch.Delivery;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.Integrations;

namespace SiemForwarder.Service.Dispatch.Testing;

/// <summary>Sends a marked event from this process to a destination, stage by stage.</summary>
internal sealed class IntegrationTest(TimeProvider time, IOptions<EngineOptions> engine)
{
    // A person is waiting: a silent port is reported within ten seconds.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(8);

    private static readonly Dictionary<string, string> Secured = new() { ["http"] = "https", ["tcp"] = "tls", ["amqp"] = "amqps" };

    /// <summary>Runs the test in this process.</summary>
    public async Task<TestResponse> RunAsync(RunnableIntegration runnable, CancellationToken cancellationToken)
    {
        var settings = runnable.Destination with { Timeout = runnable.Destination.Timeout < Limit ? runnable.Destination.Timeout : Limit };
        await using var destination = runnable.Kind.Open(settings, time);
        using var buffer = BatchBuffer.For(runnable, destination.Limits);
        var now = time.GetUtcNow();
        var source = new EventSource(0, "test", "test", Environment.MachineName);
        var testEvent = TestEvent.Create(source, Guid.CreateVersion7(now).ToString("D"), now);
        buffer.TryFormat(runnable.Show(testEvent));
        var report = await ExplainAsync(await destination.TestAsync(buffer.ToBatch(), cancellationToken), settings, cancellationToken);
        return new TestResponse(
            report.Succeeded,
            testEvent.Id,
            [.. report.Stages.Select(Shown)],
            Encoding.UTF8.GetString(report.Sent.Span),
            Convert.ToBase64String(report.Sent.Span),
            Encoding.UTF8.GetString(report.Received.Span),
            engine.Value.Name);
    }

    /// <summary>If plain text was not understood, checks whether the port speaks TLS and says so.</summary>
    private async Task<TestReport> ExplainAsync(TestReport report, DestinationSettings settings, CancellationToken cancellationToken)
    {
        var failed = report.Stages.ToList().FindIndex(stage => stage.Result == TestStageResult.Failed);
        var isConnected = report.Stages.Any(stage => stage is { Name: TestStageName.Connect, Result: TestStageResult.Passed });
        if (failed < 0 || !isConnected || !Secured.TryGetValue(settings.ServerUrl.Scheme, out var secured))
        {
            return report;
        }

        using var connector = new Connector(settings.Connection, secure: false, null, time);
        if (!await connector.SpeaksTlsAsync(cancellationToken))
        {
            return report;
        }

        var fault = TlsFaults.PlainToTls(settings.Endpoint, secured);
        return report with
        {
            Stages = [.. report.Stages.Select((stage, index) => index == failed ? stage with { Detail = fault.What, Advice = fault.Advice } : stage)],
        };
    }

    /// <summary>Runs the test in this process, and tells of each stage when it ends.</summary>
    public async Task<TestResponse> RunAsync(RunnableIntegration runnable, Action<TestStageResponse> told, CancellationToken cancellationToken)
    {
        using var watching = StageLog.Watch(stage => told(Shown(stage)));
        return await RunAsync(runnable, cancellationToken);
    }

    private static TestStageResponse Shown(TestStage stage) => new(
        stage.Name, stage.Result.ToString().ToLowerInvariant(), stage.Detail, stage.Advice, Math.Round(stage.Elapsed.TotalMilliseconds, 1));
}
