using System.Diagnostics;
using System.Globalization;
using SiemForwarder.EndToEnd.Support;

namespace SiemForwarder.Benchmarks;

/// <summary>What many sources and integrations cost: an event of one source and of many, a steady trickle through all of them, nothing at all, and a backlog beside
/// live traffic.</summary>
/// <remarks>The real process over its real database, with fsync; every event is ticked off by the receiver, so a loss has no result.</remarks>
internal static class Scale
{
    private const string Key = "benchmark-key-0123456789";
    private const int Events = 300_000;
    private const int EventsPerRequest = 100;
    private const int Connections = 8;
    private const int TrickleSeconds = 30;
    private const int Backlog = 1_000_000;
    private const int SmallBuffer = 64 * 1024;
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(60);

    /// <param name="most">The largest number of sources, and of integrations.</param>
    /// <param name="perSource">Events a second of each source, where all of them trickle.</param>
    public static async Task RunAsync(int most, int perSource)
    {
        using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(30));
        foreach (var sources in new[] { 1, most / 10, most })
        {
            await CostAsync(sources, stop.Token);
        }

        await ManyAsync(most, perSource, stop.Token);
        await DrainAsync(stop.Token);
    }

    /// <summary>The same events, from one source and from many, through one integration.</summary>
    private static async Task CostAsync(int sources, CancellationToken cancellationToken)
    {
        using var receiver = new NumberingReceiver(Events, isHttp: false);
        await using var forwarder = await StartAsync(cancellationToken);
        var paths = await AddSourcesAsync(forwarder, sources, cancellationToken);
        await AddIntegrationAsync(forwarder, "all", receiver.Port, null, cancellationToken);
        var usage = new Usage(forwarder);
        await new InboxSender(forwarder.Port, paths, Key).SendAsync(Events, EventsPerRequest, Connections, cancellationToken);
        await receiver.Complete.WaitAsync(cancellationToken);
        usage.Print($"{sources} sources, one integration", Events);
    }

    /// <summary>Each integration has a source of its own: first all of them idle, then each gets single events at a steady rate.</summary>
    private static async Task ManyAsync(int most, int perSource, CancellationToken cancellationToken)
    {
        var count = most * perSource * TrickleSeconds;
        using var receiver = new NumberingReceiver(count, isHttp: false, SmallBuffer) { ReceivedAt = new long[count] };
        await using var forwarder = await StartAsync(cancellationToken);
        var paths = await AddSourcesAsync(forwarder, most, cancellationToken);
        for (var i = 0; i < most; i++)
        {
            await AddIntegrationAsync(forwarder, $"siem {i}", receiver.Port, SourceOf(paths[i]), cancellationToken);
        }

        await Task.Delay(Idle, cancellationToken);
        var idle = new Usage(forwarder);
        await Task.Delay(Idle, cancellationToken);
        ProcessUsage.Print($"{most} sources, {most} integrations, idle: busy processors, service", idle.Service / Idle.TotalSeconds, "N3");
        ProcessUsage.Print($"{most} sources, {most} integrations, idle: busy processors, PostgreSQL", idle.Postgres / Idle.TotalSeconds, "N3");
        ProcessUsage.Print($"{most} sources, {most} integrations, idle: own memory, MiB", ProcessUsage.OwnMemoryMiB(forwarder.Process!.Id), "N0");
        var (usage, clock) = (new Usage(forwarder), Stopwatch.StartNew());
        var sender = new InboxSender(forwarder.Port, paths, Key) { PerSecond = most * perSource, SentAt = new long[count] };
        await sender.SendAsync(count, 1, 2 * Connections, cancellationToken);
        var sent = clock.Elapsed;
        await receiver.Complete.WaitAsync(cancellationToken);
        ProcessUsage.Print("single events a second, over all sources", count / sent.TotalSeconds, "N0");
        PrintLatencies("sent to received", sender.SentAt, receiver.ReceivedAt, 0);
        ProcessUsage.Print("busy processors, service", usage.Service / clock.Elapsed.TotalSeconds, "N2");
        ProcessUsage.Print("busy processors, PostgreSQL", usage.Postgres / clock.Elapsed.TotalSeconds, "N2");
        usage.Print($"{most} sources, {most} integrations", count);
    }

    /// <summary>An integration that was disabled drains a million stored events while another one delivers single events as they come.</summary>
    private static async Task DrainAsync(CancellationToken cancellationToken)
    {
        const int Live = 3000;
        using var backlog = new NumberingReceiver(Backlog, isHttp: false);
        using var live = new NumberingReceiver(Live, isHttp: false) { ReceivedAt = new long[Live] };
        await using var forwarder = await StartAsync(cancellationToken);
        var paths = await AddSourcesAsync(forwarder, 2, cancellationToken);
        var (stored, current) = (paths[..1], paths[1..]);
        var late = await AddIntegrationAsync(forwarder, "late", backlog.Port, SourceOf(stored[0]), cancellationToken, isEnabled: false);
        await new InboxSender(forwarder.Port, stored, Key).SendAsync(Backlog, EventsPerRequest, Connections, cancellationToken);
        await AddIntegrationAsync(forwarder, "live", live.Port, SourceOf(current[0]), cancellationToken);
        var sender = new InboxSender(forwarder.Port, current, Key) { PerSecond = 100, SentAt = new long[Live] };
        await sender.SendAsync(Live / 2, 1, 1, cancellationToken);
        PrintLatencies("live alone, sent to received", sender.SentAt, live.ReceivedAt, 0, Live / 2);
        await forwarder.PostAsync($"/api/v1/integrations/{late}/enable", null, cancellationToken);
        var (usage, clock) = (new Usage(forwarder), Stopwatch.StartNew());
        var meanwhile = sender.SendAsync(Live, 1, 1, cancellationToken, Live / 2);
        await backlog.Complete.WaitAsync(cancellationToken);
        ProcessUsage.Print("a backlog of a million: events per second", Backlog / clock.Elapsed.TotalSeconds, "N0");
        usage.Print("a backlog of a million", Backlog);
        var reached = Array.FindLastIndex(sender.SentAt, at => at != 0 && at < Stopwatch.GetTimestamp());
        await meanwhile;
        await live.Complete.WaitAsync(cancellationToken);
        PrintLatencies("live beside it, sent to received", sender.SentAt, live.ReceivedAt, Live / 2, reached);
    }

    private static int SourceOf(string path) => int.Parse(path.Split('/')[4], CultureInfo.InvariantCulture);

    private static async Task<ForwarderProcess> StartAsync(CancellationToken cancellationToken)
    {
        var forwarder = new ForwarderProcess(ForwarderProcess.NewFolder(), new Dictionary<string, string> { ["Forwarder__EventLog__IndexEnabled"] = "false" });
        forwarder.Program = Environment.GetEnvironmentVariable("BENCHMARK_SERVICE") ?? forwarder.Program;
        await forwarder.StartAsync(cancellationToken);
        return forwarder;
    }

    private static async Task<string[]> AddSourcesAsync(ForwarderProcess forwarder, int count, CancellationToken cancellationToken)
    {
        var paths = new string[count];
        for (var i = 0; i < count; i++)
        {
            var source = await forwarder.PostAsync("/api/v1/sources", new { name = $"senders {i}", kind = "http", inbox = new { key = Key } }, cancellationToken);
            paths[i] = $"/api/v1/sources/{source["id"]}/events";
        }

        return paths;
    }

    private static async Task<int> AddIntegrationAsync(
        ForwarderProcess forwarder, string name, int port, int? source, CancellationToken cancellationToken, bool isEnabled = true)
    {
        var sources = source is { } id ? new[] { id } : [];
        var created = await forwarder.PostAsync(
            "/api/v1/integrations", new { name, serverUrl = $"tcp://127.0.0.1:{port}", outputType = "CEF", enabled = isEnabled, sources }, cancellationToken);
        return (int)created["id"]!;
    }

    private static void PrintLatencies(string what, long[] sentAt, long[] receivedAt, int from, int? to = null)
    {
        var sorted = Enumerable.Range(from, (to ?? sentAt.Length) - from).Where(i => receivedAt[i] != 0)
            .Select(i => Stopwatch.GetElapsedTime(sentAt[i], receivedAt[i]).TotalMilliseconds).Order().ToList();
        ProcessUsage.Print($"{what}: median, milliseconds, of {sorted.Count}", sorted[sorted.Count / 2]);
        ProcessUsage.Print($"{what}: 99th percentile, milliseconds", sorted[sorted.Count * 99 / 100]);
    }

    /// <summary>What service and PostgreSQL have used since it was made.</summary>
    private sealed class Usage(ForwarderProcess forwarder)
    {
        private readonly int service = forwarder.Process!.Id;
        private readonly int postgres = ProcessUsage.PostgresPid(forwarder);
        private readonly double serviceBefore = ProcessUsage.CpuSeconds(forwarder.Process!.Id);
        private readonly double postgresBefore = ProcessUsage.TreeCpuSeconds(ProcessUsage.PostgresPid(forwarder));

        public double Service => ProcessUsage.CpuSeconds(service) - serviceBefore;

        public double Postgres => ProcessUsage.TreeCpuSeconds(postgres) - postgresBefore;

        public void Print(string what, int events)
        {
            ProcessUsage.Print($"{what}: CPU seconds per million events, service", Service * 1e6 / events);
            ProcessUsage.Print($"{what}: CPU seconds per million events, PostgreSQL", Postgres * 1e6 / events);
            ProcessUsage.Print($"{what}: peak memory of the service, MiB", ProcessUsage.PeakMemoryMiB(service), "N0");
        }
    }
}
