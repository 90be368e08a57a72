using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using SiemForwarder.EndToEnd.Support;

namespace SiemForwarder.Benchmarks;

/// <summary>The real process over its real database, filled through an inbox and the API: many indexed events, many integrations in every state.</summary>
internal sealed class FilledForwarder : IAsyncDisposable
{
    private const string Key = "benchmark-key-0123456789";
    private const int Sources = 100;
    private const int LastEvents = 10_000;
    private const int Connections = 4;

    // One of five integrations is enabled; of those, one of ten has a receiver that is away.
    private const int EnabledOf = 5;
    private const int AwayOf = 50;

    private const string Rule = """
        title: A login is refused
        logsource: {product: keycloak}
        detection: {refused: {type: LOGIN_ERROR}, condition: refused}
        level: high
        tags: [attack.credential-access, attack.t1110.001]
        """;

    private readonly ForwarderProcess forwarder = new(ForwarderProcess.NewFolder());
    private readonly CountingReceiver receiver = new();

    private FilledForwarder() => forwarder.Program = Environment.GetEnvironmentVariable("BENCHMARK_SERVICE") ?? forwarder.Program;

    public int Port => forwarder.Port;

    public Uri Address => forwarder.Api.BaseAddress!;

    /// <summary>An integration that has delivered.</summary>
    public int Integration { get; private set; }

    /// <summary>An event that every enabled integration had to deliver.</summary>
    public string EventId { get; private set; } = "";

    public static async Task<FilledForwarder> StartAsync(int events, int integrations, CancellationToken cancellationToken)
    {
        var filled = new FilledForwarder();
        try
        {
            await filled.forwarder.StartAsync(cancellationToken);
            await filled.FillAsync(events, integrations, cancellationToken);
            return filled;
        }
        catch
        {
            await filled.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await forwarder.DisposeAsync();
        receiver.Dispose();
    }

    private async Task FillAsync(int events, int integrations, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        var source = await forwarder.PostAsync("/api/v1/sources", new { name = "realm", kind = "http", inbox = new { key = Key } }, cancellationToken);
        for (var number = 1; number < Sources; number++)
        {
            await forwarder.PostAsync("/api/v1/sources", new { name = $"branch {number:000}", kind = "http", inbox = new { key = Key } }, cancellationToken);
        }

        var sender = new InboxSender(Port, [$"/api/v1/sources/{source["id"]}/events"], Key);
        await sender.SendAsync(events - LastEvents, 100, Connections, cancellationToken);
        Say(clock, "events are stored");
        await forwarder.PostAsync("/api/v1/rules", new { name = "login-refused", yaml = Rule, enabled = true }, cancellationToken);
        var away = LoopbackPorts.Next();
        await Parallel.ForAsync(0, integrations, new ParallelOptions { MaxDegreeOfParallelism = Connections, CancellationToken = cancellationToken }, async (number, token) =>
        {
            var port = number % AwayOf == 0 ? away : receiver.Port;
            var created = await forwarder.PostAsync("/api/v1/integrations", new
            {
                name = string.Create(CultureInfo.InvariantCulture, $"branch {number:0000}"), serverUrl = $"tcp://127.0.0.1:{port}", outputType = "CEF",
                enabled = number % EnabledOf == 0,
            }, token);
            if (number == EnabledOf)
            {
                Integration = (int)created["id"]!;
            }
        });
        Say(clock, "integrations are created");
        await sender.SendAsync(events, 100, Connections, cancellationToken, events - LastEvents);
        var running = (integrations / EnabledOf) - (integrations / AwayOf);
        while (receiver.Lines < (long)running * LastEvents)
        {
            await Task.Delay(500, cancellationToken);
        }

        Say(clock, "the enabled integrations have delivered");
        var last = $"c0ffee00-0000-4000-8000-{events - (LastEvents / 2):000000000000}";
        await forwarder.WaitForAsync("/api/v1/events?pageSize=1", node => (long)node["indexLag"]! == 0 && !(bool)node["totalIsExact"]!, cancellationToken);
        EventId = (string)(await forwarder.GetAsync($"/api/v1/events/{last}", cancellationToken))["eventId"]!;
        Say(clock, "all is indexed");
        await forwarder.WaitForAsync("/api/v1/alarms", node => (node as JsonArray ?? node["items"]!.AsArray()).Count > 0, cancellationToken);
        Say(clock, "the integrations in Error raise alarms");
    }

    private static void Say(Stopwatch clock, string what) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{clock.Elapsed.TotalSeconds,8:N0} s  {what}"));
}
