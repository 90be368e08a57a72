using System.Globalization;
using System.Text;
using SiemForwarder.Events;
using SiemForwarder.Events.Formats;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Simulator;

namespace SiemForwarder.Benchmarks;

/// <summary>Each stage of the hot path alone, on one thread: nanoseconds of the processor and allocated bytes per event.</summary>
internal static class Stages
{
    private const int Events = 1000;

    // What repeats is found again, so ids, sessions and users must not repeat sooner than in real traffic.
    private const int DistinctEvents = 40_000;
    private const int Rounds = 200;
    private const int Passes = 5;

    public static async Task RunAsync()
    {
        await using var keycloak = await KeycloakSimulator.StartAsync(new SimulatorOptions(), CancellationToken.None);
        using var traffic = new SimulatedTraffic(seed: 1);
        traffic.FillLogins(keycloak.Realm, DistinctEvents, 1_789_041_600_000, 1_789_041_600_000 + DistinctEvents);
        var all = keycloak.Realm.UserEvents.Rows().Select(Encoding.UTF8.GetBytes).ToList();
        var rows = all[..Events];
        var source = new EventSource(1, "realm", "siem-demo", "sso.example.com");
        var incoming = rows.Select((row, i) => new IncomingEvent(1_789_041_600_000 + i, EventKey.FromHash(row), null, row)).ToList();
        var body = SegmentBody.Join(incoming);
        var packed = SegmentCodec.PackBody(body, SegmentCodec.Zstandard);
        SecurityEvent Normalize(int i) => EventNormalizer.Normalize(
            EventStream.User, all[i], incoming[i % Events].Key, source, i + 1, incoming[i % Events].OccurredAtMs, DateTimeOffset.UnixEpoch);
        var next = 0;
        var events = Enumerable.Range(0, Events).Select(Normalize).ToArray();

        Console.WriteLine($"{"stage",-34} {"ns/event",10} {"B/event",10}");
        Measure("pack a segment body (Zstandard)", () => SegmentCodec.PackBody(body, SegmentCodec.Zstandard));
        Measure("unpack a segment body", () => SegmentCodec.UnpackBody(SegmentCodec.Zstandard, packed, Events).Release());
        Measure("deduplicate against an hour", Deduplicating(incoming));
        Measure("normalize", () =>
        {
            for (var i = 0; i < Events; i++)
            {
                Normalize(next++ % DistinctEvents);
            }
        });
        MeasureFormat("JSON, native", new OutputSettings(OutputType.Json, "native", null, 256 * 1024), events);
        MeasureFormat("CEF, bare", new OutputSettings(OutputType.Cef, "native", null, 256 * 1024), events);
        MeasureFormat("CEF in RFC 5424", new OutputSettings(OutputType.Cef, "native", new SyslogHeaderSettings(AppName: "CEF"), 8192), events);
        MeasureFormat("JSON in RFC 5424 with SD", new OutputSettings(OutputType.Syslog, "native", new SyslogHeaderSettings(), 8192), events);
        MeasureFormat("JSON in RFC 3164", new OutputSettings(OutputType.Syslog, "native", new SyslogHeaderSettings(SyslogFormat.Rfc3164), 8192), events);
        var page = new LogSegment(
            1, EventStream.User, 1, DateTimeOffset.UnixEpoch, body, [.. incoming.Select(one => one.Key)], [.. incoming.Select(one => one.OccurredAtMs)]);
        Measure("deliver as CEF, all of it", Deliveries.Of(page, EventFilter.Everything));
        Measure("deliver nothing of it", Deliveries.Of(page, new EventFilter(new EventMatch { Types = ["NEVER"] }, null)));
        Console.WriteLine($"{"bytes per event as received",-34} {body.EventBytes / Events,10}");
        Console.WriteLine($"{"bytes per event packed, with key",-34} {(packed.Length / Events) + 16,10}");
    }

    private static Action Deduplicating(List<IncomingEvent> incoming)
    {
        var window = new KeyWindow();
        window.Cover(window.MissingMinutes(incoming));
        for (var i = 0; i < 500_000; i++)
        {
            window.Add(incoming[i % Events].OccurredAtMs, EventKey.FromHash(BitConverter.GetBytes(i)));
        }

        return () =>
        {
            var added = window.AddNew(incoming);
            window.Forget(added);
        };
    }

    private static void MeasureFormat(string name, OutputSettings settings, SecurityEvent[] events)
    {
        var formatter = EventFormatCatalog.Create(settings);
        var output = new System.Buffers.ArrayBufferWriter<byte>(4 * 1024 * 1024);
        Measure(name, () =>
        {
            output.ResetWrittenCount();
            foreach (var one in events)
            {
                formatter.Write(one, output);
            }
        });
    }

    private static void Measure(string name, Action thousandEvents)
    {
        for (var i = 0; i < Rounds / 2; i++)
        {
            thousandEvents();
        }

        // Processor time, not time: what else runs on the machine changes it little. The median of five passes.
        var passes = new List<double>();
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        for (var pass = 0; pass < Passes; pass++)
        {
            var before = Environment.CpuUsage.TotalTime;
            for (var i = 0; i < Rounds; i++)
            {
                thousandEvents();
            }

            passes.Add((Environment.CpuUsage.TotalTime - before).TotalNanoseconds / (Rounds * Events));
        }

        var perEvent = (GC.GetAllocatedBytesForCurrentThread() - allocated) / (double)(Passes * Rounds * Events);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-34} {passes.Order().ElementAt(Passes / 2),10:N0} {perEvent,10:N1}"));
    }
}
