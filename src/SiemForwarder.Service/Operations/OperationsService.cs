using Microsoft.Extensions.Options;
using Npgsql;
using SiemForwarder.Events;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Sources;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Operations;

/// <summary>Compares active problems with those announced, and announces the difference as events of the source <c>forwarder</c>.</summary>
/// <remarks>
/// It looks at state in the database, not at incidents, so the result is the same whichever engine checks, and after any crash.
/// An event is stored before the alarm is marked as announced, under a key derived from the problem: announced twice, it is stored once.
/// </remarks>
internal sealed class OperationsService(
    NpgsqlDataSource database, AlarmQueries queries, AlarmTable alarms, Announcements announcements, EventLogWriter log,
    IOptions<OperationsOptions> options, LoopGuard guard, TimeProvider time, ILogger<OperationsService> logger)
    : BackgroundService
{
    /// <summary>The source of these events, in every database.</summary>
    public const int SourceId = ForwarderWitness.SourceId;

    // "siemfwd" in ASCII; one engine checks at a time.
    private const long LockKey = 0x7369656D667764;

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => guard.RunAsync(
        "checks for problems",
        options.Value.Interval + LoopGuard.UsualBound,
        async token =>
        {
            // Pauses first: problems at startup often resolve within moments.
            await Task.Delay(options.Value.Interval, time, token);
            await LookInTurnAsync(token);
        },
        _ => Task.CompletedTask,
        stoppingToken);

    /// <summary>Checks once, unless another engine is checking.</summary>
    internal async Task LookInTurnAsync(CancellationToken cancellationToken)
    {
        await using var turn = await EngineTurn.TryTakeAsync(database, LockKey, cancellationToken);
        if (turn is not null)
        {
            await LookAsync(cancellationToken);
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        var now = StoredTime.Now(time);
        var standing = await queries.ReadAsync(now, cancellationToken);
        var open = await alarms.ListOpenAsync(cancellationToken);
        var raised = standing.ExceptBy(open.Select(Identity), Identity).ToList();
        var cleared = open.ExceptBy(standing.Select(Identity), Identity).ToList();
        var watched = cleared.Count == 0 ? null : await queries.ReadWatchedAsync(cancellationToken);
        var told = await announcements.FindAsync(cancellationToken);
        List<OperationalEvent> events =
        [
            .. raised.Where(alarm => alarm.Kind.Cleared is not null).Select(OperationalEvent.Raised),
            .. cleared.Where(alarm => alarm.Kind.Cleared is not null && watched!.Contains(alarm.Subject)).Select(alarm => OperationalEvent.Cleared(alarm, now)),
            .. told.Select(one => one.Event),
        ];
        if (events.Count > 0 && !await StoreAsync(events, cancellationToken))
        {
            return;
        }

        if (raised.Count + cleared.Count > 0)
        {
            await alarms.SaveAsync(raised, cleared, now, cancellationToken);
        }

        await announcements.MarkAsync(told, cancellationToken);
    }

    private async Task<bool> StoreAsync(List<OperationalEvent> events, CancellationToken cancellationToken)
    {
        var outcome = await log.AppendAsync(
            new LogAppend(SourceId, EventStream.Forwarder, [.. events.Select(one => one.ToIncoming())], null), cancellationToken);
        if (outcome is not AppendOutcome.Committed)
        {
            return false;
        }

        foreach (var one in events)
        {
            logger.Log(one.IsGood ? LogLevel.Information : LogLevel.Warning, "{Type}: {Message}", one.Type, one.Message);
        }

        return true;
    }

    private static (AlarmKind Kind, string Subject) Identity(Alarm alarm) => (alarm.Kind, alarm.Subject);
}
