using System.Globalization;
using System.Text.Json.Nodes;
using SiemForwarder.Reliability.Bench;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.Reliability.Scenarios;

/// <summary>HTTP receivers that answer late, badly, or not at all.</summary>
internal static class HttpFaults
{
    private const int Backlog = 6000;

    public static IEnumerable<Scenario> All { get; } =
    [
        new("HTTP reset mid-body", "destination", "The connection is reset when the headers are read and the body still comes.",
        ResetBeforeBodyAsync),
        new("HTTP slow answer", "destination", "The receiver takes a batch and answers it after the sender's time is up.",
        (run, token) => ActAsync(
            run, "answers later than the time-out", isTaken: true, _ => new HttpReply(200) { Delay = TimeSpan.FromSeconds(3) }, token)),
        new("HTTP answer cut off", "destination", "The receiver takes a batch and breaks off in its answer.", (run, token) => ActAsync(
            run, "answers cut off", isTaken: true, _ => new HttpReply(200, "0123456789") { Conduct = HttpReplyConduct.CutOff }, token)),
        new("HTTP 401 until rotated", "destination", "The token is refused until somebody enters the new one.", RotateAsync),
        new("HTTP 413", "destination", "A receiver that takes at most 200 KB of a request.", TooLargeAsync),
        new("HTTP 429 with seconds", "destination", "Too many requests, Retry-After: 1.", (run, token) => ActAsync(
            run, "429", isTaken: false, _ => Later("1"), token)),
        new("HTTP 429 with a date", "destination", "Too many requests, Retry-After as a date.", (run, token) => ActAsync(
            run, "429", isTaken: false, _ => Later(run.Clock.GetUtcNow().AddSeconds(2).ToString("R", CultureInfo.InvariantCulture)),
            token)),
        new("HTTP 429 with garbage", "destination", "Too many requests, Retry-After that says nothing.", (run, token) => ActAsync(
            run, "429", isTaken: false, _ => Later("soon-ish"), token)),
        new("HTTP flapping 503", "destination", "Every other answer is 503, at random.", FlapAsync),
    ];

    private static HttpReply Later(string retryAfter) => new(429) { Headers = [$"Retry-After: {retryAfter}"] };

    /// <summary>A receiver answers its first six requests with the fault, then it is well.</summary>
    private static async Task ActAsync(
        ScenarioRun run, string what, bool isTaken, Func<ReceivedRequest, HttpReply> fault, CancellationToken cancellationToken)
    {
        const int Faults = 6;
        var requests = 0;
        await run.StartServiceAsync(cancellationToken);
        var (feed, _) = await Receivers.AddHttpAsync(
            run, request => Interlocked.Increment(ref requests) <= Faults ? fault(request) : new HttpReply(200), cancellationToken);
        await PullAsync(run, cancellationToken);
        var happened = await run.UntilAsync(() => requests > Faults, TimeSpan.FromSeconds(90), cancellationToken);
        run.Sometimes($"{Faults} times {what}", happened);
        feed.Interruptions = isTaken ? Faults : 0;
    }

    private static async Task ResetBeforeBodyAsync(ScenarioRun run, CancellationToken cancellationToken)
    {
        await run.StartServiceAsync(cancellationToken);
        var (feed, receiver) = await Receivers.AddHttpAsync(run, Receivers.Ok, cancellationToken);
        receiver.ResetsBeforeBody = true;
        await PullAsync(run, cancellationToken);
        var seen = await run.UntilAsync(
            async token => (await run.StatusAsync(feed, token))?["status"]?.GetValue<string>() == "Error", TimeSpan.FromSeconds(30),
            cancellationToken);
        receiver.ResetsBeforeBody = false;
        run.Sometimes("status Error after resets", seen);
    }

    private static async Task RotateAsync(ScenarioRun run, CancellationToken cancellationToken)
    {
        await run.StartServiceAsync(cancellationToken);
        static JsonObject With(string token) => new()
        {
            ["http"] = new JsonObject { ["body"] = "ndjson", ["timeoutSeconds"] = 2 },
            ["authentication"] = new JsonObject { ["type"] = "bearer", ["token"] = token },
        };
        var refusals = 0;
        HttpReply Answer(ReceivedRequest request)
        {
            if (request.FindHeader("Authorization") == "Bearer new-token")
            {
                return new HttpReply(200);
            }

            Interlocked.Increment(ref refusals);
            return new HttpReply(401);
        }

        var (feed, receiver) = await Receivers.AddHttpAsync(run, Answer, cancellationToken, With("old-token"));
        await PullAsync(run, cancellationToken);
        var seen = await run.UntilErrorAsync(feed, "401", TimeSpan.FromSeconds(30), cancellationToken);
        await run.UntilAsync(() => refusals >= 3, TimeSpan.FromSeconds(30), cancellationToken);
        await run.Api.PutAsync(
            $"/api/v1/integrations/{feed.Id}", ScenarioRun.Request(feed, $"http://127.0.0.1:{receiver.Port}/", With("new-token")),
            cancellationToken);
        run.Sometimes($"401 {refusals} times, until the token was changed", seen && refusals >= 3);
    }

    private static async Task TooLargeAsync(ScenarioRun run, CancellationToken cancellationToken)
    {
        var refusals = 0;
        await run.StartServiceAsync(cancellationToken);
        await Receivers.AddHttpAsync(
            run, request => request.Body.Length <= 200_000
                || Interlocked.Increment(ref refusals) < 0 ? new HttpReply(200) : new HttpReply(413), cancellationToken);
        await PullAsync(run, cancellationToken);
        await run.UntilAsync(() => run.Feeds[0].Arrivals.Distinct >= Backlog, TimeSpan.FromSeconds(60), cancellationToken);
        run.Sometimes($"413 {refusals} times, batches halved until they fitted", refusals > 0);
    }

    private static async Task FlapAsync(ScenarioRun run, CancellationToken cancellationToken)
    {
        var refusals = 0;
        await run.StartServiceAsync(cancellationToken);
        var isOver = false;
        await Receivers.AddHttpAsync(
            run, _ => !isOver && run.Random.Next(2) == 0
                && Interlocked.Increment(ref refusals) > 0 ? new HttpReply(503) : new HttpReply(200), cancellationToken);
        await PullAsync(run, cancellationToken);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var flowing = run.Oracle.FlowAsync(400, stop.Token);
        await run.UntilAsync(() => refusals >= 10, TimeSpan.FromSeconds(60), cancellationToken);
        await stop.CancelAsync();
        await flowing;
        isOver = true;
        run.Sometimes($"503 {refusals} times", refusals >= 10);
    }

    private static async Task PullAsync(ScenarioRun run, CancellationToken cancellationToken)
    {
        run.Oracle.IssueBacklog(Backlog);
        await run.AddSourceAsync(cancellationToken);
    }
}
