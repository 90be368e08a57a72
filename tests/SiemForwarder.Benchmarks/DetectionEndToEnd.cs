using System.Diagnostics;
using Npgsql;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Events;
using SiemForwarder.Service.EventLog;

namespace SiemForwarder.Benchmarks;

/// <summary>The rules in the real service over the real database: an hour of events lies in the log, and is read, followed, and recorded with its alerts.</summary>
internal static class DetectionEndToEnd
{
    private const int Events = 200_000;
    private const int PageSize = 1000;
    private const int Runs = 5;
    private const string Roles = "Forwarder__Engine__Roles__";
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(5);

    public static async Task RunAsync()
    {
        DetectionSpeed.PrintMachine();
        var traffic = DetectionTraffic.Hour(Events);
        var (speeds, service, database) = (new List<double>(), new List<double>(), new List<double>());
        var (memory, alerts) = (new List<double>(), new List<double>());
        for (var run = 0; run < Runs; run++)
        {
            using var bound = new CancellationTokenSource(Bound);
            var settings = new Dictionary<string, string> { ["Forwarder__EventLog__IndexEnabled"] = "false", [Roles + "0"] = "api" };
            await using var forwarder = new ForwarderProcess(ForwarderProcess.NewFolder(), settings);
            await FillAsync(forwarder, traffic, bound.Token);

            settings[Roles + "1"] = "dispatch";
            await forwarder.StartAsync(bound.Token);
            await using var connection = NpgsqlDataSource.Create(forwarder.ConnectionString);
            var began = await WaitAsync(connection, 1, bound.Token);
            var (processor, postgres) = (forwarder.Process!.Id, ProcessUsage.PostgresPid(forwarder));
            var (serviceBefore, postgresBefore, clock) = (ProcessUsage.CpuSeconds(processor), ProcessUsage.TreeCpuSeconds(postgres), Stopwatch.StartNew());
            var ended = await WaitAsync(connection, Events, bound.Token);
            var followed = ended - began;
            speeds.Add(followed / clock.Elapsed.TotalSeconds);
            service.Add((ProcessUsage.CpuSeconds(processor) - serviceBefore) * 1e6 / followed);
            database.Add((ProcessUsage.TreeCpuSeconds(postgres) - postgresBefore) * 1e6 / followed);
            memory.Add(ProcessUsage.PeakMemoryMiB(processor));
            alerts.Add(await CountAsync(connection, "SELECT next_position - 1 FROM log_head WHERE source_id = -1", bound.Token));
        }

        Console.WriteLine($"{"",-46} {"median",12} {"lowest",12} {"highest",12}");
        DetectionSpeed.PrintSpread("end to end, events/s by the clock", speeds);
        DetectionSpeed.PrintSpread("  CPU seconds per million events, service", service);
        DetectionSpeed.PrintSpread("  CPU seconds per million events, PostgreSQL", database);
        DetectionSpeed.PrintSpread("  peak memory of the service, MiB", memory);
        DetectionSpeed.PrintSpread("  alerts", alerts);
        DetectionSpeed.PrintMachine();
    }

    // The rules are on, so that they start at the beginning of a log that is still empty; nobody reads for them yet.
    private static async Task FillAsync(ForwarderProcess forwarder, List<TrafficEvent> traffic, CancellationToken cancellationToken)
    {
        await forwarder.StartAsync(cancellationToken);
        await forwarder.PostAsync("/api/v1/rules", new { name = "benchmark", yaml = DetectionRules.FortyYaml(), enabled = true }, cancellationToken);
        var source = await forwarder.PostAsync("/api/v1/sources", new { name = "realm", kind = "http", inbox = new { key = "benchmark-key-0123456789" } }, cancellationToken);
        await using var log = new LogProcess(forwarder.ConnectionString);
        for (var first = 0; first < traffic.Count; first += PageSize)
        {
            foreach (var stream in new[] { EventStream.User, EventStream.Admin })
            {
                var events = traffic.Skip(first).Take(PageSize).Where(one => one.Stream == stream).Select(one => one.Incoming);
                var outcome = await log.Writer.AppendAsync(new LogAppend(source["id"]!.GetValue<int>(), stream, [.. events], null), cancellationToken);
                if (outcome is not AppendOutcome.Committed)
                {
                    throw new InvalidOperationException($"The log does not take the events: {outcome}");
                }
            }
        }

        await forwarder.StopAsync(cancellationToken);
    }

    private static async Task<long> WaitAsync(NpgsqlDataSource database, long position, CancellationToken cancellationToken)
    {
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (true)
        {
            var reached = await CountAsync(database, "SELECT coalesce(max(position), 0) FROM detection_checkpoint", cancellationToken);
            if (reached >= position)
            {
                return reached;
            }

            await tick.WaitForNextTickAsync(cancellationToken);
        }
    }

    private static async Task<long> CountAsync(NpgsqlDataSource database, string sql, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(sql);
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }
}
