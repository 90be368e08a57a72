using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Detections;

/// <summary>Runs the backtests that were ordered, one at a time in each engine, so that they take the memory of one whoever orders how many.</summary>
internal sealed class BacktestService(
    BacktestTable table, Backtests backtests, RuleShelf shelf, ConfigurationSignal configuration, LoopGuard guard, TimeProvider time,
    ILogger<BacktestService> logger)
    : BackgroundService
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan TouchInterval = TimeSpan.FromSeconds(1);

    protected override Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var changed = configuration.Changed;
        return guard.RunAsync(
            "runs backtests",
            LoopGuard.LongBound,
            async token =>
            {
                changed = configuration.Changed;
                await RunOrdersAsync(token);
            },
            token => Task.WhenAny(changed, Task.Delay(LookInterval, time, token)),
            stoppingToken);
    }

    private async Task RunOrdersAsync(CancellationToken cancellationToken)
    {
        while (await table.TakeAsync(cancellationToken) is { } order)
        {
            try
            {
                await RunAsync(order, cancellationToken);
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                logger.LogWarning(exception, "The backtest of '{File}' failed: {Reason} Order it again.", order.File, exception.Message);
                await table.EndAsync(order.Id, null, $"It failed: {exception.Message} Order it again.", cancellationToken);
            }
        }
    }

    private async Task RunAsync(BacktestOrder order, CancellationToken cancellationToken)
    {
        var library = await shelf.ReadAsync(cancellationToken);
        if (!library.Files.TryGetValue(order.File, out var file))
        {
            await table.EndAsync(order.Id, null, "The rule file was deleted.", cancellationToken);
            return;
        }

        long? touchedAt = null;
        var range = new BacktestRange(order.From, order.To, order.MaxEvents, null);
        var result = await backtests.RunAsync(file, library, range, TellAsync, cancellationToken);
        if (result is not null)
        {
            await table.EndAsync(order.Id, result, null, cancellationToken);
        }

        async ValueTask<bool> TellAsync(long followed, long total, CancellationToken token)
        {
            if (touchedAt is { } at && time.GetElapsedTime(at) < TouchInterval)
            {
                return true;
            }

            touchedAt = time.GetTimestamp();
            return await table.TouchAsync(order.Id, followed, total, token);
        }
    }
}
