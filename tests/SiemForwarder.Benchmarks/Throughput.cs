using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Events.Bytes;

namespace SiemForwarder.Benchmarks;

/// <summary>The work of a full day at full speed: arrays of events into an inbox, committed with fsync, delivered as CEF over TCP or NDJSON over HTTP.</summary>
/// <remarks>
/// Sender and receiver live in this process; service and PostgreSQL are processes of their own, all on this machine. The receiver counts every event by
/// its number: a run in which one is missing has no result.
/// </remarks>
internal static class Throughput
{
    private const string Key = "benchmark-key-0123456789";
    private const int EventsPerRequest = 100;
    private const int Connections = 8;
    private const int SingleConnections = 16;

    /// <summary>Runs the product, and the peers that are installed, in turn, and prints medians, spread and ratios.</summary>
    /// <param name="count">Events of a run.</param>
    /// <param name="runs">Runs of each.</param>
    /// <param name="isHttp">NDJSON over HTTP instead of CEF over TCP; no peer of Debian's main packages sends that.</param>
    /// <param name="isSingle">One event per request instead of arrays; no peer takes part.</param>
    public static async Task RunAsync(int count, int runs, bool isHttp, bool isSingle)
    {
        var isAlone = isHttp || isSingle || Environment.GetEnvironmentVariable("BENCHMARK_ALONE") is not null;
        var peers = isAlone ? [] : new[] { Peer.SyslogNg, Peer.Rsyslog }.Where(peer => peer.IsInstalled).ToList();
        var (own, others) = (new List<Figures>(), peers.ToDictionary(peer => peer, _ => new List<Figures>()));
        for (var run = 0; run < runs; run++)
        {
            using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(10));
            own.Add(await RunOnceAsync(count, isHttp, isSingle, stop.Token));
            foreach (var (peer, figures) in others)
            {
                // What is synced with every batch is an order slower: a tenth of the events tells as much.
                figures.Add(await peer.RunAsync(peer == Peer.Rsyslog ? count / 10 : count, Connections, stop.Token));
            }
        }

        Figures.Print("SiemForwarder", own, own);
        foreach (var (peer, figures) in others)
        {
            Figures.Print(peer.Name, figures, own);
        }
    }

    private static async Task<Figures> RunOnceAsync(int count, bool isHttp, bool isSingle, CancellationToken cancellationToken)
    {
        using var receiver = new NumberingReceiver(count, isHttp);
        await using var forwarder = new ForwarderProcess(ForwarderProcess.NewFolder(), new Dictionary<string, string>
        {
            ["Forwarder__EventLog__IndexEnabled"] = Environment.GetEnvironmentVariable("BENCHMARK_INDEX") ?? "false",
        });
        // A published build, compiled ahead as the image is.
        forwarder.Program = Environment.GetEnvironmentVariable("BENCHMARK_SERVICE") ?? forwarder.Program;
        await forwarder.StartAsync(cancellationToken);
        var source = await forwarder.PostAsync("/api/v1/sources", new { name = "senders", kind = "http", inbox = new { key = Key } }, cancellationToken);
        object integration = isHttp
            ? new { name = "ndjson", serverUrl = $"http://127.0.0.1:{receiver.Port}/", outputType = "JSON", http = new { body = "ndjson" }, enabled = true }
            : new { name = "cef", serverUrl = $"tcp://127.0.0.1:{receiver.Port}", outputType = "CEF", enabled = true };
        await forwarder.PostAsync("/api/v1/integrations", integration, cancellationToken);
        var (service, postgres) = (forwarder.Process!.Id, ProcessUsage.PostgresPid(forwarder));
        var (serviceBefore, postgresBefore) = (ProcessUsage.CpuSeconds(service), ProcessUsage.TreeCpuSeconds(postgres));
        var allocatedBefore = await AllocatedAsync(forwarder, cancellationToken);
        var clock = Stopwatch.StartNew();
        var sender = new InboxSender(forwarder.Port, [$"/api/v1/sources/{source["id"]}/events"], Key);
        await sender.SendAsync(count, isSingle ? 1 : EventsPerRequest, isSingle ? SingleConnections : Connections, cancellationToken);
        var committedAt = clock.Elapsed.TotalSeconds;
        await receiver.Complete.WaitAsync(cancellationToken);
        var figures = new Figures(
            count, clock.Elapsed.TotalSeconds, ProcessUsage.CpuSeconds(service) - serviceBefore, ProcessUsage.TreeCpuSeconds(postgres) - postgresBefore,
            ProcessUsage.PeakMemoryMiB(service), receiver.Duplicates)
        {
            AllocatedBytes = await AllocatedAsync(forwarder, cancellationToken) - allocatedBefore,
            CommittedSeconds = committedAt,
        };
        await RestAsync(service, cancellationToken);
        return figures;
    }

    // How much memory is given back while nothing comes: BENCHMARK_REST says how many seconds to look.
    private static async Task RestAsync(int service, CancellationToken cancellationToken)
    {
        if (!int.TryParse(Environment.GetEnvironmentVariable("BENCHMARK_REST"), CultureInfo.InvariantCulture, out var seconds))
        {
            return;
        }

        ProcessUsage.Print("own memory at the end, MiB", ProcessUsage.OwnMemoryMiB(service), "N0");
        await Task.Delay(TimeSpan.FromSeconds(seconds), cancellationToken);
        ProcessUsage.Print($"own memory {seconds} seconds later, MiB", ProcessUsage.OwnMemoryMiB(service), "N0");
    }

    private static async Task<double> AllocatedAsync(ForwarderProcess forwarder, CancellationToken cancellationToken)
    {
        var metrics = await forwarder.Api.GetStringAsync("/metrics", cancellationToken);
        var line = metrics.Split('\n').First(text => text.StartsWith("dotnet_gc_heap_total_allocated_bytes_total", StringComparison.Ordinal));
        return double.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture);
    }
}

/// <summary>What one run measured.</summary>
/// <param name="Events">Events that came through; all of them, or there is no result.</param>
/// <param name="Seconds">From the first byte sent to the last event received.</param>
/// <param name="CpuSeconds">Of the forwarder.</param>
/// <param name="DatabaseCpuSeconds">Of its PostgreSQL; 0 for a peer.</param>
/// <param name="PeakMiB">Highest resident memory of the forwarder.</param>
/// <param name="Duplicates">Events that came twice.</param>
internal sealed record Figures(int Events, double Seconds, double CpuSeconds, double DatabaseCpuSeconds, double PeakMiB, int Duplicates)
{
    /// <summary>Bytes that the service allocated for garbage collection.</summary>
    public double AllocatedBytes { get; init; }

    /// <summary>From the first byte sent to the last answer; 0 for a peer.</summary>
    public double CommittedSeconds { get; init; }

    /// <summary>Prints medians and spread, and beside the rate and the CPU how the product compares.</summary>
    public static void Print(string name, List<Figures> runs, List<Figures> product)
    {
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}: {runs.Count} runs of {runs[0].Events:N0} events"));
        Row("events per second, sent to received", one => one.Events / one.Seconds, "N0");
        if (runs == product)
        {
            Row("events per second, sent to committed", one => one.Events / one.CommittedSeconds, "N0");
        }

        Row("CPU seconds per million events", one => one.CpuSeconds * 1e6 / one.Events, "N1");
        Row("CPU seconds per million events, with PostgreSQL", one => (one.CpuSeconds + one.DatabaseCpuSeconds) * 1e6 / one.Events, "N1");
        Row("peak memory, MiB", one => one.PeakMiB, "N0");
        Row("bytes allocated per event", one => one.AllocatedBytes / one.Events, "N0");
        Row("events that came twice", one => one.Duplicates, "N0");

        void Row(string what, Func<Figures, double> figure, string format)
        {
            var sorted = runs.Select(figure).Order().ToList();
            var ratio = runs == product || Median(sorted) == 0 ? "" : $"   product / this: {(Median(product.Select(figure)) / Median(sorted)).ToString("N2", CultureInfo.InvariantCulture)}";
            Console.WriteLine($"  {what,-50} {Text(Median(sorted)),12} ({Text(sorted[0])} to {Text(sorted[^1])}){ratio}");

            string Text(double value) => value.ToString(format, CultureInfo.InvariantCulture);
        }
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted[sorted.Count / 2];
    }
}

/// <summary>Takes lines over TCP, or bodies over HTTP, and ticks off the number in the id of every event.</summary>
/// <param name="count">How many are expected.</param>
/// <param name="isHttp">Bodies over HTTP.</param>
/// <param name="bufferBytes">Bytes read at a time on each connection.</param>
internal sealed class NumberingReceiver(int count, bool isHttp, int bufferBytes = 1024 * 1024) : SocketReceiver
{
    private static readonly byte[] Prefix = "c0ffee00-0000-4000-8000-"u8.ToArray();
    private readonly TaskCompletionSource complete = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly int[] seen = new int[count];
    private int missing = count;
    private int duplicates;

    public Task Complete => complete.Task;

    public int Duplicates => duplicates;

    /// <summary>When each event came, as a timestamp; null unless somebody wants to know.</summary>
    public long[]? ReceivedAt { get; init; }

    protected override async Task ReadAsync(Socket connection)
    {
        var (buffer, kept, last) = (new byte[bufferBytes], 0, -1);
        long bodyLeft = 0;
        while (await connection.ReceiveAsync(buffer.AsMemory(kept)) is > 0 and var read)
        {
            var length = kept + read;
            var used = Tick(buffer.AsSpan(0, length), ref last);
            if (isHttp)
            {
                // A request is over when as many bytes came as its head says; one request at a time stands on a connection.
                bodyLeft = bodyLeft == 0 ? BodyLeft(buffer.AsSpan(0, length)) : bodyLeft - read;
                if (bodyLeft == 0)
                {
                    await connection.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"u8.ToArray());
                    (kept, last) = (0, -1);
                    continue;
                }
            }

            kept = length - used;
            buffer.AsSpan(used, kept).CopyTo(buffer);
        }
    }

    private static long BodyLeft(ReadOnlySpan<byte> request)
    {
        var end = request.IndexOf("\r\n\r\n"u8);
        var head = Encoding.ASCII.GetString(request[..Math.Max(0, end)]);
        var at = head.IndexOf("Content-Length: ", StringComparison.OrdinalIgnoreCase);
        if (end < 0 || at < 0)
        {
            throw new InvalidOperationException($"A request without a length: {head}");
        }

        var text = head[(at + 16)..].Split('\r')[0];
        return long.Parse(text, CultureInfo.InvariantCulture) - (request.Length - end - 4);
    }

    // The first id of an event counts; formats that name it twice name it side by side, so the same number again right after it is no duplicate.
    private int Tick(ReadOnlySpan<byte> text, ref int last)
    {
        var at = 0;
        while (text[at..].IndexOf(Prefix) is >= 0 and var next && at + next + Prefix.Length + 12 <= text.Length)
        {
            at += next + Prefix.Length;
            var number = 0;
            foreach (var digit in text.Slice(at, 12))
            {
                number = (number * 10) + digit - '0';
            }

            at += 12;
            if (number != last)
            {
                last = number;
                if (Interlocked.Increment(ref seen[number]) > 1)
                {
                    Interlocked.Increment(ref duplicates);
                }
                else
                {
                    ReceivedAt?[number] = Stopwatch.GetTimestamp();
                    if (Interlocked.Decrement(ref missing) == 0)
                    {
                        complete.TrySetResult();
                    }
                }
            }
        }

        // What may be the begin of an id waits for the rest.
        return Math.Max(at, text.Length - Prefix.Length - 12);
    }
}
