using System.Text;
using System.Text.Json.Nodes;
using SiemForwarder.Reliability.Bench;
using SiemForwarder.Reliability.Judging;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.Reliability.Scenarios;

/// <summary>Receivers that say 200 and mean something else, or take a part of a batch.</summary>
internal static class IntakeFaults
{
    private const int Backlog = 4000;

    public static IEnumerable<Scenario> All { get; } =
    [
        new("lying 200, Splunk HEC", "destination", "HTTP 200 with 'server is busy' or 'queues are full' in the body: not taken.",
        HecAsync),
        new("lying 200, bulk", "destination", "HTTP 200 whose body is not the result of a bulk request: not taken.",
        (run, token) => BulkAsync(run, isLying: true, token)),
        new("partial _bulk", "destination", "HTTP 200; a part is taken, a part refused for now (429, 503), single events for good (400).",
        (run, token) => BulkAsync(run, isLying: false, token)),
        new("RELP closes without an answer", "destination", "The receiver takes a message and closes before it answers, 8 times.",
        RelpAsync),
    ];

    private static async Task HecAsync(ScenarioRun run, CancellationToken cancellationToken)
    {
        var (lies, isOver) = (0, false);
        var rendering = new RawRendering();
        var feed = new Feed("splunk", run.NewArrivals(rendering), rendering, 500);
        HttpReply Answer(ReceivedRequest request)
        {
            if (!isOver && run.Random.Next(2) == 0)
            {
                return new HttpReply(
                    200, Interlocked.Increment(ref lies) % 2 == 0
                        ? """{"text":"Server is busy","code":9}""" : """{"text":"Queue full","code":18}""");
            }

            feed.Arrivals.Add(Receivers.Lines(request.PlainBody).Select(EventOf), connection: 0);
            return new HttpReply(200, """{"text":"Success","code":0}""");
        }

        await run.StartServiceAsync(cancellationToken);
        var receiver = run.Own(HttpReceiver.Start(Answer));
        await run.AddIntegrationAsync(
            feed, $"http://127.0.0.1:{receiver.Port}/", cancellationToken,
            new JsonObject { ["destination"] = "splunk_hec", ["settings"] = new JsonObject { ["token"] = "5c0c5a5e-8f0b-4c5e-9d1f-6f1f5b2a7c11" } });
        await PullAsync(run, cancellationToken);
        await run.UntilAsync(() => lies >= 5, TimeSpan.FromSeconds(30), cancellationToken);
        isOver = true;
        run.Sometimes($"200 with an error in the body {lies} times", lies >= 5);
    }

    // {"time":…,"event":{…}}: the event is the last member of its envelope.
    private static byte[] EventOf(byte[] envelope)
    {
        var at = envelope.AsSpan().IndexOf("\"event\":"u8) + 8;
        return envelope[at..^1];
    }

    private static async Task BulkAsync(ScenarioRun run, bool isLying, CancellationToken cancellationToken)
    {
        var rendering = new RawRendering();
        var feed = new Feed("elastic", run.NewArrivals(rendering), rendering, 1000) { KeepsOrder = isLying };
        var index = new BulkIndex(feed.Arrivals, run.Random);
        await run.StartServiceAsync(cancellationToken);
        var receiver = run.Own(HttpReceiver.Start(request => isLying ? index.Lie(request) : index.TakeSome(request)));
        await run.AddIntegrationAsync(
            feed, $"http://127.0.0.1:{receiver.Port}/", cancellationToken, new JsonObject { ["destination"] = "elastic" });
        await PullAsync(run, cancellationToken);
        await run.UntilAsync(() => feed.Arrivals.Distinct >= Backlog - 200, TimeSpan.FromSeconds(60), cancellationToken);
        index.IsWell = true;
        run.Sometimes(
            isLying ? $"200 with another body {index.Lies} times" : $"{index.ForNow} items refused for now, {index.ForGood} for good",
            isLying ? index.Lies >= 3 : index is { ForNow: > 10, ForGood: > 0 });
    }

    private static async Task RelpAsync(ScenarioRun run, CancellationToken cancellationToken)
    {
        const int Closes = 8;
        var rendering = new RawRendering();
        var feed = new Feed("relp", run.NewArrivals(rendering), rendering, Receivers.TcpBatch);
        var (closes, next) = (0, 300);
        string? Answer(int count)
        {
            if (closes < Closes && count >= next)
            {
                (closes, next) = (closes + 1, count + 100 + run.Random.Next(400));
                return null;
            }

            return "200 OK";
        }

        await run.StartServiceAsync(cancellationToken);
        var receiver = run.Own(RelpReceiver.Start(Answer, message => feed.Arrivals.Add([Encoding.UTF8.GetBytes(message)], connection: 0)));
        await run.AddIntegrationAsync(
            feed, $"tcp://127.0.0.1:{receiver.Port}", cancellationToken, new JsonObject { ["destination"] = "relp" });
        await PullAsync(run, cancellationToken);
        await run.UntilAsync(() => closes >= Closes, TimeSpan.FromSeconds(60), cancellationToken);
        run.Sometimes($"{closes} connections closed with a message taken and not answered", closes >= Closes);
        feed.Interruptions = Closes;
    }

    private static async Task PullAsync(ScenarioRun run, CancellationToken cancellationToken)
    {
        run.Oracle.IssueBacklog(Backlog);
        await run.AddSourceAsync(cancellationToken);
    }
}
