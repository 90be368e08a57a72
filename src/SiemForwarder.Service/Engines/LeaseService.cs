using Microsoft.Extensions.Options;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Engines;

/// <summary>Renews this engine's leases, takes free work up to its share, and gives back what exceeds it.</summary>
internal sealed class LeaseService(
    ILeaseTable table, EngineLeases leases, IOptions<EngineOptions> options, ConfigurationSignal configuration, TimeProvider time, ForwarderTelemetry telemetry,
    LoopGuard guard)
    : BackgroundService
{
    private static readonly TimeSpan SignOffBound = TimeSpan.FromSeconds(3);
    private readonly DateTimeOffset startedAt = StoredTime.Now(time);
    private List<Lease> leaving = [];

    protected override Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var changed = Task.CompletedTask;
        return guard.RunAsync(
            "keeps the leases of this engine",
            token =>
            {
                changed = configuration.Changed;
                return ShareAsync(token);
            },
            token => Task.WhenAny(changed, Task.Delay(options.Value.LeaseInterval, time, token)),
            stoppingToken);
    }

    /// <summary>Stops the loop, then notifies the other engines; called after the loops that used the leases have ended.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        using var bound = new CancellationTokenSource(SignOffBound);
        try
        {
            await table.SignOffAsync(bound.Token);
        }
        catch (Exception exception) when (DatabaseFault.IsDatabase(exception) || exception is OperationCanceledException)
        {
            telemetry.DatabaseUnavailable(exception);
        }
    }

    private async Task ShareAsync(CancellationToken cancellationToken)
    {
        // Loops that lost their lease in the last pass have ended by now, so a batch under way is not sent twice.
        if (leaving.Count > 0)
        {
            await table.ReleaseAsync(leaving, cancellationToken);
        }

        var askedAt = time.GetTimestamp();
        leases.Renewed(await table.RenewAsync(startedAt, cancellationToken), askedAt, options.Value.LeaseDuration);
        var work = await table.ListWorkAsync(cancellationToken);
        var (take, give) = WorkShare.Decide(work);
        // Work beyond the share, and work no longer wanted because it was disabled, deleted or moved to another pool.
        var kept = work.Except(give).Select(one => (one.Kind, one.ResourceId)).ToHashSet();
        leaving = [.. leases.All.Where(lease => !kept.Contains((lease.Kind, lease.ResourceId)))];
        leases.Remove(leaving);

        foreach (var lease in await table.AcquireAsync(take, cancellationToken))
        {
            leases.Add(lease);
        }
    }
}
