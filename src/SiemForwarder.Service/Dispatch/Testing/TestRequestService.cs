using Microsoft.Extensions.Options;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.Integrations;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Dispatch.Testing;

/// <summary>Runs the tests that other processes ask an engine of this one's pools for.</summary>
internal sealed class TestRequestService(
    TestRequests requests, IntegrationStore store, IntegrationTest test, IOptions<EngineOptions> engine, TimeProvider time, ILogger<TestRequestService> logger)
    : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (engine.Value.Has(EngineOptions.Dispatch) && !stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (await requests.TakeAsync(stoppingToken) is { } request)
                {
                    await RunAsync(request, stoppingToken);
                    continue;
                }
            }
            catch (Exception exception) when (DatabaseFault.IsPassing(exception))
            {
                logger.LogWarning("Tests cannot be taken from the database now: {Reason}", exception.Message);
            }

            await Task.Delay(Interval, time, stoppingToken);
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
