using System.Globalization;
using SiemForwarder.EndToEnd.Support;

namespace SiemForwarder.Benchmarks;

/// <summary>What the service takes of memory: after its start, while many integrations of one source are served, and some minutes later.</summary>
/// <remarks>The real process over its real database, with fsync. Every line is counted: a run with a loss does not end.</remarks>
internal static class Residence
{
    private const string Key = "benchmark-key-0123456789";
    private const int EventsPerRequest = 100;
    private const int Connections = 8;
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(150);

    /// <param name="integrations">Integrations with equal settings, all of one source.</param>
    /// <param name="events">Events that each of them gets.</param>
    public static async Task RunAsync(int integrations, int events)
    {
        using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(30));
        using var receiver = new CountingReceiver();
        await using var forwarder = new ForwarderProcess(
            ForwarderProcess.NewFolder(), new Dictionary<string, string> { ["Forwarder__EventLog__IndexEnabled"] = "false" });
        forwarder.Program = Environment.GetEnvironmentVariable("BENCHMARK_SERVICE") ?? forwarder.Program;
        await forwarder.StartAsync(stop.Token);
        await Task.Delay(Settled, stop.Token);
        var service = forwarder.Process!.Id;
        Print("a minute after the start", service);
        var source = await forwarder.PostAsync("/api/v1/sources", new { name = "senders", kind = "http", inbox = new { key = Key } }, stop.Token);
        for (var i = 0; i < integrations; i++)
        {
            await forwarder.PostAsync("/api/v1/integrations", new
            {
                name = $"siem {i.ToString(CultureInfo.InvariantCulture)}", serverUrl = $"tcp://127.0.0.1:{receiver.Port}", outputType = "CEF", enabled = true,
            }, stop.Token);
        }

        await Task.Delay(Settled, stop.Token);
        Print($"{integrations} integrations that wait", service);
        var before = ProcessUsage.CpuSeconds(service);
        await new InboxSender(forwarder.Port, [$"/api/v1/sources/{source["id"]}/events"], Key).SendAsync(events, EventsPerRequest, Connections, stop.Token);
        while (receiver.Lines < (long)events * integrations)
        {
            await Task.Delay(20, stop.Token);
        }

        ProcessUsage.Print("CPU seconds per million deliveries", (ProcessUsage.CpuSeconds(service) - before) * 1e6 / ((double)events * integrations));
        Print("at the end of the burst", service);
        ProcessUsage.Print("peak, MiB", ProcessUsage.PeakMemoryMiB(service), "N0");
        await Task.Delay(Quiet, stop.Token);
        Print("two and a half minutes later", service);
    }

    private static void Print(string when, int service)
    {
        ProcessUsage.Print($"{when}: resident, MiB", ProcessUsage.MemoryMiB(service), "N0");
        ProcessUsage.Print($"{when}: its own, MiB", ProcessUsage.OwnMemoryMiB(service), "N0");
    }
}
