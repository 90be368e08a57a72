using SiemForwarder.Reliability.Bench;
using SiemForwarder.Reliability.Faults;
using SiemForwarder.Reliability.Judging;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.Reliability.Scenarios;

/// <summary>Outages of hours and days, in simulated time.</summary>
internal static class LongOutages
{
    public static IEnumerable<Scenario> All { get; } =
    [
        new("72-hour outage, restart in the middle", "long outages",
        "The receiver is away for three days of simulated time; the service restarts after half of it.", OutageAsync)
        {
            Clock = () => new LeapingClock(),
        },
        new("HTTP 429 for ten days", "destination", "Retry-After: 864000; no receiver may silence an integration for longer than an hour.",
        SilenceAsync)
        {
            Clock = () => new LeapingClock(),
        },
    ];

    private static async Task OutageAsync(ScenarioRun run, CancellationToken cancellationToken)
    {
        var host = await run.StartHostAsync(cancellationToken);
        var (feed, receiver) = await Receivers.AddTcpAsync(run, "tcp", new RawRendering(), null, cancellationToken);
        var port = receiver.Port;
        run.Oracle.IssueBacklog(500);
        await run.AddSourceAsync(cancellationToken);
        await run.UntilAsync(() => feed.Arrivals.Distinct >= 500, TimeSpan.FromSeconds(30), cancellationToken);

        await receiver.DisposeAsync();
        var oldest = run.Oracle.Issue();
        var began = run.Clock.GetUtcNow();
        var restarted = false;
        while (run.Clock.GetUtcNow() - began < TimeSpan.FromHours(72))
        {
            run.Oracle.Issue(10);
            await run.LeapAsync(TimeSpan.FromMinutes(15), cancellationToken);
            if (!restarted && run.Clock.GetUtcNow() - began > TimeSpan.FromHours(36))
            {
                await host.StopAsync();
                run.Oracle.Issue(50);
                await host.StartAsync(cancellationToken);
                restarted = true;
            }
        }

        var status = await run.StatusAsync(feed, cancellationToken);
        var waited = run.Clock.GetUtcNow() - oldest.At;
        run.Own(Receivers.StartTcp(feed, null, port));
        var arrived = await run.UntilAsync(() => feed.Arrivals.Contains(oldest.Id), TimeSpan.FromSeconds(30), cancellationToken);
        run.Sometimes(
            $"status {status?["status"]} with a backlog of {status?["backlog"]} after {waited.TotalHours:0} h; the oldest event arrived",
            restarted && arrived && waited > TimeSpan.FromHours(72) && status?["backlog"]?.GetValue<long>() > 2000);
    }

    private static async Task SilenceAsync(ScenarioRun run, CancellationToken cancellationToken)
    {
        const int Faults = 3;
        run.Stride = TimeSpan.FromSeconds(30);
        var requests = 0;
        await run.StartHostAsync(cancellationToken);
        await Receivers.AddHttpAsync(
            run, _ => Interlocked.Increment(ref requests) <= Faults
                ? new HttpReply(429) { Headers = ["Retry-After: 864000"] } : new HttpReply(200), cancellationToken);
        run.Oracle.IssueBacklog(2000);
        await run.AddSourceAsync(cancellationToken);
        var began = run.Clock.GetUtcNow();
        var recovered = await run.UntilAsync(() => requests > Faults, TimeSpan.FromSeconds(120), cancellationToken);
        var took = run.Clock.GetUtcNow() - began;
        run.Sometimes($"{Faults} times 429 for ten days, tried again within {took.TotalHours:0.0} h",
        recovered && took < TimeSpan.FromHours(4));
    }
}
