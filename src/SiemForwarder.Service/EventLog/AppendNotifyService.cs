using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.EventLog;

/// <summary>Notifies the other engines of what this one appended, many appends at a time.</summary>
internal sealed class AppendNotifyService(DatabaseConnections connections, AppendNotices notices, LoopGuard guard, TimeProvider time) : BackgroundService
{
    // Long enough to gather the appends of many sources, short enough to go unnoticed.
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(20);

    protected override Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var added = Task.CompletedTask;
        return guard.RunAsync(
            "notifies other engines of new events",
            token =>
            {
                added = notices.Added;
                return notices.SendAsync(connections.Vital, token);
            },
            async token =>
            {
                await added.WaitAsync(token);
                await Task.Delay(Gathering, time, token);
            },
            stoppingToken);
    }
}
