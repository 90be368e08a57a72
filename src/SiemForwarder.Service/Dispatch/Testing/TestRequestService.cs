using Microsoft.Extensions.Options;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.Integrations;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Dispatch.Testing;

/// <summary>Runs tests that other processes request from the pools of this engine.</summary>
internal sealed class TestRequestService(
    TestRequests requests, IntegrationStore store, IntegrationTest test, IOptions<EngineOptions> engine, TimeProvider time, LoopGuard guard)
    : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => !engine.Value.Has(EngineOptions.Dispatch)
        ? Task.CompletedTask
        : guard.RunAsync("runs tests requested by other engines", LoopGuard.LongBound, TakeAllAsync, token => Task.Delay(Interval, time, token), stoppingToken);

    private async Task TakeAllAsync(CancellationToken cancellationToken)
    {
        while (await requests.TakeAsync(cancellationToken) is { } request)
        {
            await RunAsync(request, cancellationToken);
        }
    }

    private async Task RunAsync(TestRequest request, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(request.IntegrationId, cancellationToken) is not { } integration)
        {
            return;
        }

        var response = store.FindRunnable(integration, out var fault) is { } runnable
            ? await test.RunAsync(runnable, cancellationToken)
            : TestResponse.Unusable(fault!, engine.Value.Name);
        await requests.AnswerAsync(request, response, cancellationToken);
    }
}
