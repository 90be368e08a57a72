using Microsoft.Extensions.Options;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Detections;

/// <summary>Keeps the reader for the detection rules running in the engine that has its lease, and restarts it when rules or lists change.</summary>
internal sealed class DetectionService(
    RuleTable table, RuleShelf shelf, DatabaseConnections connections, EventLogReader log, EventLogWriter writer, LogHistory history, EventLogSignal signal,
    SourceDirectory sources, SegmentNormalizer normalizer, LearningStarts starts, EngineLeases leases, ConfigurationSignal configuration,
    IOptions<DetectionOptions> options, IOptions<ForwarderOptions> forwarder, TimeProvider time, ForwarderTelemetry telemetry, LoopGuard guard,
    ILogger<DetectionService> logger)
    : LeasedLoopService<int>(LeaseKind.Detections, leases, configuration, forwarder.Value.ConfigurationInterval, time, telemetry, guard)
{
    private const long HistoryCacheBytes = 16 * 1024 * 1024;
    private static readonly TimeSpan RestartPause = TimeSpan.FromSeconds(2);
    private readonly HashSet<string> told = new(StringComparer.Ordinal);

    protected override int Edition => history.Edition;

    protected override async Task<IReadOnlyList<(int Id, int Version, int Resource)>> ListEnabledAsync(CancellationToken cancellationToken) =>
        await table.FindVersionAsync(cancellationToken) is { } version ? [(DetectionTables.SourceId, version, version)] : [];

    protected override async Task RunAsync(int resource, long fence, CancellationToken stoppingToken)
    {
        normalizer.Join();
        try
        {
            var library = await DatabaseRetry.TryUntilDoneAsync(shelf.ReadAsync, stoppingToken);
            var rules = library.CompileEnabled();
            foreach (var refusal in rules.Rules.Refusals.Select(refusal => refusal.ToString()).Where(told.Add))
            {
                logger.LogError("{Refusal} It does not run; the other rules go on.", refusal);
            }

            var journal = new DetectionJournal(connections.Vital, fence, Time);
            // A separate cache, so that history does not evict the newest segments from the engine's cache.
            EventLogReader OpenHistory() => new(connections.Shared, new SegmentCache(HistoryCacheBytes), signal);
            var parts = new DetectionParts(
                options.Value, log, OpenHistory, writer, history, signal, sources, normalizer, starts, DatabaseRetry, Time, Telemetry.Metrics, logger);
            await new DetectionReader(parts, rules, journal, fence).RunAsync(stoppingToken);

            // If the history of the log was replaced, this process has to know before it continues reading.
            await DatabaseRetry.TryUntilDoneAsync(writer.VerifyAsync, stoppingToken);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            // A bug in the reader must not stop the process; the next configuration check restarts it.
            logger.LogError(exception, "The reader for the detection rules failed: {Reason} It restarts at the last recorded position.", exception.Message);
            await Task.Delay(RestartPause, Time, stoppingToken);
        }
        finally
        {
            normalizer.Leave();
        }
    }
}
