using System.Text;
using System.Text.Json.Nodes;
using SiemForwarder.Reliability.Bench;
using SiemForwarder.Reliability.Judging;
using SiemForwarder.Reliability.Receiving;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.Reliability.Scenarios;

/// <summary>The receivers that most scenarios share.</summary>
internal static class Receivers
{
    /// <summary>Most events of a batch of syslog over TCP or TLS.</summary>
    public const int TcpBatch = 2000;

    /// <summary>Most events of a batch of NDJSON over HTTP.</summary>
    public const int NdjsonBatch = 1000;

    /// <summary>A well-behaved TCP receiver of raw JSON lines, and its integration.</summary>
    public static Task<(Feed Feed, TcpSyslogReceiver Receiver)> AddTcpAsync(
        ScenarioRun run, CancellationToken cancellationToken, TcpReceiverOptions? options = null) =>
        AddTcpAsync(run, "tcp", new RawRendering(), options, cancellationToken);

    public static async Task<(Feed Feed, TcpSyslogReceiver Receiver)> AddTcpAsync(
        ScenarioRun run, string name, Rendering rendering, TcpReceiverOptions? options, CancellationToken cancellationToken)
    {
        var feed = new Feed(name, run.NewArrivals(rendering), rendering, TcpBatch);
        var receiver = run.Own(StartTcp(feed, options, 0));
        await run.AddIntegrationAsync(
            feed, $"tcp://127.0.0.1:{receiver.Port}", cancellationToken,
            new JsonObject { ["http"] = new JsonObject { ["timeoutSeconds"] = 2 } });
        return (feed, receiver);
    }

    /// <summary>A receiver for a feed that may have had another on the same port.</summary>
    public static TcpSyslogReceiver StartTcp(Feed feed, TcpReceiverOptions? options, int port) =>
        TcpSyslogReceiver.Start((options ?? new TcpReceiverOptions()) with { Received = feed.Tcp.Take }, port);

    /// <summary>An HTTP receiver of raw NDJSON that takes what <paramref name="answer"/> answers with 2xx.</summary>
    public static async Task<(Feed Feed, HttpReceiver Receiver)> AddHttpAsync(
        ScenarioRun run, Func<ReceivedRequest, HttpReply> answer, CancellationToken cancellationToken, JsonObject? more = null)
    {
        var rendering = new RawRendering();
        var feed = new Feed("http", run.NewArrivals(rendering), rendering, NdjsonBatch);
        var receiver = run.Own(HttpReceiver.Start(request => Take(feed, request, answer(request))));
        more ??= [];
        more["http"] ??= new JsonObject { ["body"] = "ndjson", ["timeoutSeconds"] = 2 };
        await run.AddIntegrationAsync(feed, $"http://127.0.0.1:{receiver.Port}/", cancellationToken, more);
        return (feed, receiver);
    }

    public static HttpReply Ok(ReceivedRequest request) => new(200);

    private static HttpReply Take(Feed feed, ReceivedRequest request, HttpReply reply)
    {
        if (reply.Status is >= 200 and < 300)
        {
            feed.Arrivals.Add(Lines(request.PlainBody), connection: 0);
        }

        return reply;
    }

    /// <summary>The lines of a body, without the empty one at its end.</summary>
    public static IEnumerable<byte[]> Lines(byte[] body) =>
        Encoding.UTF8.GetString(body).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Encoding.UTF8.GetBytes);
}
