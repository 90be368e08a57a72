using System.Text.Json.Nodes;
using Microsoft.Extensions.Options;
using Npgsql;
using SiemForwarder.Events;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Operations;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Audit;

/// <summary>Completes the audit trail and announces it as events of the source <c>forwarder</c>, on one engine at a time.</summary>
internal sealed class AuditService(
    NpgsqlDataSource database, AuditTable table, RefusalRecorder refusals, EventLogWriter log, IOptions<OperationsOptions> options, LoopGuard guard,
    TimeProvider time)
    : BackgroundService
{
    // "siemaud" in ASCII.
    private const long LockKey = 0x7369656D617564;
    private const int PageSize = 200;

    /// <summary>How long an action may take before it counts as abandoned; no request runs that long.</summary>
    internal static readonly TimeSpan AbandonedAfter = TimeSpan.FromMinutes(15);

    private static readonly TimeSpan StopBound = TimeSpan.FromSeconds(2);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => guard.RunAsync(
        "tells the audit trail",
        options.Value.Interval + LoopGuard.UsualBound,
        async token =>
        {
            await Task.Delay(options.Value.Interval, time, token);
            await WorkAsync(token);
        },
        _ => Task.CompletedTask,
        stoppingToken);

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        using var bound = new CancellationTokenSource(StopBound, time);
        try
        {
            await refusals.WriteHeldAsync(all: true, bound.Token);
        }
        catch (Exception exception) when (DatabaseFault.IsDatabase(exception) || exception is OperationCanceledException)
        {
            guard.Failed("tells the audit trail", exception);
        }
    }

    /// <summary>Writes held-back records, and announces new ones unless another engine is doing so.</summary>
    internal async Task WorkAsync(CancellationToken cancellationToken)
    {
        await refusals.WriteHeldAsync(all: false, cancellationToken);
        await using var turn = await EngineTurn.TryTakeAsync(database, LockKey, cancellationToken);
        if (turn is null)
        {
            return;
        }

        foreach (var abandoned in await table.FindAbandonedAsync(StoredTime.Now(time) - AbandonedAfter, cancellationToken))
        {
            var detail = abandoned.Entry.Detail is { } text ? JsonNode.Parse(text)!.AsObject() : [];
            detail["begunAt"] = abandoned.BegunAt.ToString("O");
            await table.AppendAsync(abandoned.Entry with { Detail = detail.ToJsonString() }, abandoned.Id, cancellationToken);
        }

        while (await table.ListUntoldAsync(PageSize, cancellationToken) is { Count: > 0 } rows)
        {
            var outcome = await log.AppendAsync(
                new LogAppend(OperationsService.SourceId, EventStream.Forwarder, [.. rows.Select(AuditEvent.Of)], null), cancellationToken);
            if (outcome is not AppendOutcome.Committed)
            {
                return;
            }

            await table.MarkToldAsync(rows[^1].Id, cancellationToken);
        }
    }
}
