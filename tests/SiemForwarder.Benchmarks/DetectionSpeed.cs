using System.Diagnostics;
using System.Globalization;
using SiemForwarder.Detections;
using SiemForwarder.Detections.Alerts;
using SiemForwarder.Detections.Fields;
using SiemForwarder.Detections.Rules;
using SiemForwarder.Events;

namespace SiemForwarder.Benchmarks;

/// <summary>The rules over an hour of events on one core: how fast, at which memory, and what a flood of addresses makes them forget.</summary>
/// <remarks>Machines for benchmarks are shared, so a core means a second of this process's own time on one, its garbage collector included.</remarks>
internal static class DetectionSpeed
{
    private const int Events = 200_000;
    private const int Groups = 100_000;
    private const int Chunk = 2000;
    private const int Runs = 5;
    private static readonly EventSource Source = new(1, "realm", "acme", "sso.example.com");

    public static void Run()
    {
        PrintMachine();
        MeasureMemory();
        var traffic = DetectionTraffic.Hour(Events);
        Console.WriteLine($"{"bytes per event",-46} {traffic.Average(one => one.Incoming.Body.Length).ToString("N0", CultureInfo.InvariantCulture),12}");
        Console.WriteLine($"{"",-46} {"median",12} {"lowest",12} {"highest",12}");
        Measure("normalize, events/s", null, traffic);
        Measure("40 rules, events/s", DetectionRules.Forty(), traffic);
        Measure("3,000 rules, events/s", DetectionRules.ThreeThousand(), traffic);
        Measure("40 rules, flood of addresses, events/s", DetectionRules.Forty(), [.. DetectionTraffic.Flood(Events)]);
        PrintMachine();
    }

    /// <summary>Prints the load of the machine, without which figures mean little.</summary>
    public static void PrintMachine() => Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture, $"{Environment.ProcessorCount} cores, load {File.ReadAllText("/proc/loadavg").Split(' ')[0]}"));

    /// <summary>Prints median, lowest and highest of some runs.</summary>
    public static void PrintSpread(string what, List<double> figures)
    {
        figures.Sort();
        var line = string.Create(CultureInfo.InvariantCulture, $"{what,-46} {figures[figures.Count / 2],12:N0} {figures[0],12:N0} {figures[^1],12:N0}");
        Console.WriteLine(line);
    }

    private static void Measure(string what, RuleSet? rules, List<TrafficEvent> traffic)
    {
        var (speeds, bytes) = (new List<double>(), new List<double>());
        RunOnce? last = null;
        // The first run is for the compiler.
        for (var run = 0; run <= Runs; run++)
        {
            last = new RunOnce(rules, traffic);
            if (run > 0)
            {
                speeds.Add(last.EventsPerSecond);
                bytes.Add(last.AllocatedBytes / (double)traffic.Count);
            }
        }

        PrintSpread(what, speeds);
        PrintSpread("  allocated bytes per event", bytes);
        if (last?.Engine is { } engine)
        {
            var reports = engine.Describe();
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"  {reports.Sum(one => one.HitCount):N0} hits, {reports.Sum(one => one.AlertCount):N0} alerts, {reports.Sum(one => one.EvictedCount):N0} evicted, {reports.Count(one => one.DegradedSince is not null)} rules say that they are degraded"));
        }
    }

    // Groups that all stay in their windows: one failed login of each address and user.
    private static void MeasureMemory()
    {
        using var self = Process.GetCurrentProcess();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var engine = new DetectionEngine(DetectionRules.Forty());
        var (position, alerts) = (0L, new List<Alert>());
        foreach (var one in DetectionTraffic.Flood(Groups))
        {
            engine.Follow(Normalize(one, ++position), LogSource.KeycloakUser, LocalCalendar.Utc, alerts);
        }

        var groups = engine.Describe().Max(one => one.GroupCount);
        var held = GC.GetTotalMemory(forceFullCollection: true) - before;
        self.Refresh();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{groups:N0} groups in the largest rule, {engine.Describe().Sum(one => one.GroupCount):N0} in all: {held / 1048576.0:N0} MiB held, {self.PeakWorkingSet64 / 1048576.0:N0} MiB peak of the process, snapshot {engine.WriteSnapshot().Length / 1048576.0:N1} MiB"));
    }

    private static SecurityEvent Normalize(in TrafficEvent one, long position) => EventNormalizer.Normalize(
        one.Stream, one.Incoming.Body, one.Incoming.Key, Source, position, one.Incoming.OccurredAtMs, DateTimeOffset.UnixEpoch);

    // Without rules the time of normalizing is measured, with rules that of following alone.
    private sealed class RunOnce
    {
        public RunOnce(RuleSet? rules, List<TrafficEvent> traffic)
        {
            Engine = rules is null ? null : new DetectionEngine(rules);
            var (events, alerts, spent, allocated) = (new SecurityEvent[Chunk], new List<Alert>(), TimeSpan.Zero, 0L);
            for (var first = 0; first < traffic.Count; first += Chunk)
            {
                var (began, bytes) = (Environment.CpuUsage.TotalTime, GC.GetAllocatedBytesForCurrentThread());
                for (var index = 0; index < Chunk; index++)
                {
                    events[index] = Normalize(traffic[first + index], first + index + 1);
                }

                if (Engine is not null)
                {
                    (began, bytes) = (Environment.CpuUsage.TotalTime, GC.GetAllocatedBytesForCurrentThread());
                    foreach (var one in events)
                    {
                        Engine.Follow(one, one.Kind == EventKind.Admin ? LogSource.KeycloakAdmin : LogSource.KeycloakUser, LocalCalendar.Utc, alerts);
                    }

                    alerts.Clear();
                }

                spent += Environment.CpuUsage.TotalTime - began;
                allocated += GC.GetAllocatedBytesForCurrentThread() - bytes;
            }

            EventsPerSecond = traffic.Count / spent.TotalSeconds;
            AllocatedBytes = allocated;
        }

        public DetectionEngine? Engine { get; }

        public double EventsPerSecond { get; }

        public long AllocatedBytes { get; }
    }
}
