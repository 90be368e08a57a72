using SiemForwarder.Reliability.Bench;
using SiemForwarder.Reliability.Judging;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.Reliability.Scenarios;

/// <summary>Plain TCP receivers that are away, gone dark, or end connections in bad ways.</summary>
internal static class TcpFaults
{
    private const int Backlog = 6000;

    public static IEnumerable<Scenario> All { get; } =
    [
        new("TCP refused", "destination", "Nobody listens; then somebody does.", RefusedAsync),
        new("TCP black hole", "destination", "Packets to the receiver vanish, new connections and old ones alike; then they do not.",
        BlackHoleAsync),
        new("TCP half-open", "destination", "The receiver's end of each connection is gone without a word; new connections work.",
        HalfOpenAsync),
        new("TCP reset mid-batch", "destination", "The receiver resets each of five connections with part of a batch read and the rest unread.", ResetMidwayAsync),
        new("TCP reset of a backlog", "destination", "A receiver that reads nothing lets its buffers fill, and resets with all of it unread.", ResetBacklogAsync),
        new("TCP closes after each message", "destination", "The receiver reads one message per connection, 40 times, and throws the rest away.", CloseEachAsync),
        new("TCP reads nothing", "destination", "A receiver accepts and never reads; then it is replaced by one that does.",
        ReadNothingAsync),
    ];

    private static async Task RefusedAsync(ScenarioRun run, CancellationToken cancellationToken)
    {
        var (feed, receiver) = await SetUpAsync(run, null, cancellationToken);
        var port = receiver.Port;
        await receiver.DisposeAsync();
        await StartPullingAsync(run, cancellationToken);
        var refused = await run.UntilErrorAsync(feed, "refused", TimeSpan.FromSeconds(30), cancellationToken);
        run.Own(Receivers.StartTcp(feed, null, port));
        run.Sometimes("status Error: connection refused", refused);
    }

    private static async Task BlackHoleAsync(ScenarioRun run, CancellationToken cancellationToken)
    {
        var (feed, receiver) = await SetUpAsync(run, null, cancellationToken);
        await StartPullingAsync(run, cancellationToken);
        await run.UntilAsync(() => feed.Arrivals.Distinct >= 2000, TimeSpan.FromSeconds(30), cancellationToken);
        receiver.GoDark();
        run.Oracle.Issue(3000);
        var seen = await run.UntilLoggedAsync("did not acknowledge", TimeSpan.FromSeconds(40), cancellationToken);
        var connectSeen = await run.UntilLoggedAsync("did not answer within", TimeSpan.FromSeconds(20), cancellationToken);
        receiver.ComeBack();
        run.Sometimes("time-outs of connections that existed and of new ones", seen && connectSeen);
        feed.Interruptions = 1;
    }

    private static async Task HalfOpenAsync(ScenarioRun run, CancellationToken cancellationToken)
    {
        var (feed, receiver) = await SetUpAsync(run, null, cancellationToken);
        await StartPullingAsync(run, cancellationToken);
        for (var i = 0; i < 3; i++)
        {
            await run.UntilAsync(() => feed.Arrivals.Distinct >= run.Oracle.Count, TimeSpan.FromSeconds(30), cancellationToken);
            var before = receiver.Connections.Count;
            receiver.Connections[^1].GoDark();
            run.Oracle.Issue(1500);
            await run.UntilAsync(() => receiver.Connections.Count > before, TimeSpan.FromSeconds(30), cancellationToken);
        }

        run.Sometimes($"{receiver.Connections.Count} connections, 3 of them half-open", receiver.Connections.Count >= 4);
        feed.Interruptions = 3;
    }

    private static async Task ResetMidwayAsync(ScenarioRun run, CancellationToken cancellationToken)
    {
        var options = new TcpReceiverOptions { Conduct = TcpReceiverConduct.ResetMidway, MidwayBytes = 150_000 + run.Random.Next(150_000) };
        var (feed, receiver) = await SetUpAsync(run, options, cancellationToken);
        var port = receiver.Port;
        await StartPullingAsync(run, cancellationToken);
        await run.UntilAsync(() => receiver.Connections.Count >= 5, TimeSpan.FromSeconds(60), cancellationToken);
        await receiver.DisposeAsync();
        run.Own(Receivers.StartTcp(feed, null, port));
        run.Sometimes($"{receiver.Connections.Count} resets, {feed.Arrivals.Count} messages read before them",
        receiver.Connections.Count >= 5 && feed.Arrivals.Count > 0);
        feed.Interruptions = receiver.Connections.Count;
    }

    private static async Task ResetBacklogAsync(ScenarioRun run, CancellationToken cancellationToken)
    {
        var options = new TcpReceiverOptions { Conduct = TcpReceiverConduct.ReadNothing };
        var (feed, receiver) = await SetUpAsync(run, options, cancellationToken);
        var port = receiver.Port;
        await run.AddSourceAsync(cancellationToken);

        // Small batches fit into the buffer: the receiver's kernel acknowledges them, and the reset throws them away unread.
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var flowing = run.Oracle.FlowAsync(200, stop.Token);
        var isFull = await run.UntilLoggedAsync("did not acknowledge", TimeSpan.FromSeconds(40), cancellationToken);
        await stop.CancelAsync();
        await flowing;
        var accepted = await StoredLog.CountAsync(
            run.Database.Source, "SELECT coalesce(sum(event_count), 0) FROM delivery", cancellationToken);
        foreach (var connection in receiver.Connections)
        {
            connection.Reset();
        }

        await receiver.DisposeAsync();
        run.Own(Receivers.StartTcp(feed, null, port));
        run.Sometimes($"{accepted} events acknowledged by the receiver's kernel, and reset unread", isFull && accepted > 0);
        feed.Interruptions = receiver.Connections.Count + 1;
    }

    private static async Task CloseEachAsync(ScenarioRun run, CancellationToken cancellationToken)
    {
        const int Connections = 40;
        var options = new TcpReceiverOptions { Conduct = TcpReceiverConduct.CloseAfterEachMessage };
        var (feed, receiver) = await SetUpAsync(run, options, cancellationToken);
        var port = receiver.Port;
        await StartPullingAsync(run, cancellationToken);
        await run.UntilAsync(() => receiver.Connections.Count >= Connections, TimeSpan.FromSeconds(60), cancellationToken);
        await receiver.DisposeAsync();
        run.Own(Receivers.StartTcp(feed, null, port));
        run.Sometimes($"{receiver.Connections.Count} connections closed after a message", receiver.Connections.Count >= Connections);
        feed.Interruptions = receiver.Connections.Count;
    }

    private static async Task ReadNothingAsync(ScenarioRun run, CancellationToken cancellationToken)
    {
        var options = new TcpReceiverOptions { Conduct = TcpReceiverConduct.ReadNothing, ReceiveBufferBytes = 4096 };
        var (feed, receiver) = await SetUpAsync(run, options, cancellationToken);
        var port = receiver.Port;
        await StartPullingAsync(run, cancellationToken);
        var stuck = await run.UntilErrorAsync(feed, "stuck", TimeSpan.FromSeconds(40), cancellationToken);
        await receiver.DisposeAsync();
        run.Own(Receivers.StartTcp(feed, null, port));
        run.Sometimes("status Error: overloaded or stuck", stuck);
        feed.Interruptions = receiver.Connections.Count;
    }

    private static async Task<(Feed Feed, TcpSyslogReceiver Receiver)> SetUpAsync(
        ScenarioRun run, TcpReceiverOptions? options, CancellationToken cancellationToken)
    {
        await run.StartServiceAsync(cancellationToken);
        return await Receivers.AddTcpAsync(run, "tcp", new RawRendering(), options, cancellationToken);
    }

    private static async Task StartPullingAsync(ScenarioRun run, CancellationToken cancellationToken)
    {
        run.Oracle.IssueBacklog(Backlog);
        await run.AddSourceAsync(cancellationToken);
    }
}
