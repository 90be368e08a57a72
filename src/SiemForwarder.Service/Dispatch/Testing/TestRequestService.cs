using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Extensions.Options;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.Integrations;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Dispatch.Testing;

/// <summary>Runs tests and rehearsals that other processes request from the pools of this engine.</summary>
internal sealed class TestRequestService(
    TestRequests tests, IntegrationTest test, RehearsalRequests rehearsals, Rehearsal rehearsal, IntegrationStore store, IOptions<EngineOptions> engine,
    TimeProvider time, LoopGuard guard)
    : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => !engine.Value.Has(EngineOptions.Dispatch)
        ? Task.CompletedTask
        : guard.RunAsync("runs tests requested by other engines", LoopGuard.LongBound, TakeAllAsync, token => Task.Delay(Interval, time, token), stoppingToken);

    private async Task TakeAllAsync(CancellationToken cancellationToken)
    {
        while (await tests.TakeAsync(cancellationToken) is { } request)
        {
            await TestAsync(request, cancellationToken);
        }

        while (await rehearsals.TakeAsync(cancellationToken) is { } request)
        {
            await RehearseAsync(request, cancellationToken);
        }
    }

    private async Task TestAsync(PoolRequest request, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(request.IntegrationId, cancellationToken) is not { } integration)
        {
            return;
        }

        var response = store.FindRunnable(integration, out var fault) is { } runnable
            ? await RunAsync(request, runnable, cancellationToken)
            : TestResponse.Unusable(fault!, engine.Value.Name);
        await tests.AnswerAsync(request, response, cancellationToken);
    }

    // Whoever asked follows the stages: each is told when it ends, and all of them before the result.
    private async Task<TestResponse> RunAsync(PoolRequest request, RunnableIntegration runnable, CancellationToken cancellationToken)
    {
        var stages = Channel.CreateUnbounded<TestStageResponse>();
        var telling = TellAsync();
        try
        {
            return await test.RunAsync(runnable, stage => stages.Writer.TryWrite(stage), cancellationToken);
        }
        finally
        {
            stages.Writer.Complete();
            await telling;
        }

        async Task TellAsync()
        {
            await foreach (var stage in stages.Reader.ReadAllAsync(cancellationToken))
            {
                await tests.TellAsync(request, stage, cancellationToken);
            }
        }
    }

    private async Task RehearseAsync(PoolRequest request, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(request.IntegrationId, cancellationToken) is not { } integration)
        {
            return;
        }

        var asked = JsonSerializer.Deserialize<RehearsalRequest>(request.Argument!, JsonSerializerOptions.Web)!;
        var response = RehearsalScenarios.Find(asked.Scenario) is not { } scenario
                ? Unusable($"This engine does not know the scenario '{asked.Scenario}': update it.")
            : store.FindRunnable(integration, out var fault) is { } runnable ? await rehearsal.RunAsync(runnable, scenario, asked.Source, cancellationToken)
            : Unusable(fault!);
        await rehearsals.AnswerAsync(request, response, cancellationToken);

        RehearsalResponse Unusable(string reason) => RehearsalResponse.Unusable(asked.Scenario!, reason, engine.Value.Name);
    }
}
