using System.Collections.Concurrent;
using System.Diagnostics;
using SiemForwarder.Reliability.Bench;
using SiemForwarder.Reliability.Judging;
using SiemForwarder.Reliability.Scenarios;

namespace SiemForwarder.Reliability;

/// <summary>The program: lists the scenarios, or runs them and prints the table.</summary>
internal static class ReliabilityCommand
{
    public static int List(TextWriter output)
    {
        foreach (var family in Catalogue.All.GroupBy(scenario => scenario.Family))
        {
            output.WriteLine(family.Key);
            foreach (var scenario in family)
            {
                output.WriteLine(
                    $"  {scenario.Name,-40} {scenario.Promise}{(scenario.Obstacle() is { } obstacle ? $" (not here: {obstacle})" : "")}");
            }
        }

        return 0;
    }

    /// <summary>0 where every invariant held, 1 where one was broken, 2 for arguments that say nothing.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        if (RunOptions.Parse(args) is not { } options)
        {
            await Console.Error.WriteLineAsync(RunOptions.Usage);
            return 2;
        }

        using var stop = new CancellationTokenSource();
        Console.CancelKeyPress += (_, press) =>
        {
            press.Cancel = true;
            stop.Cancel();
        };
        var chosen = Catalogue.All
            .Where(one => options.Scenarios.Count == 0 || options.Scenarios
                .Any(name => one.Name.StartsWith(name, StringComparison.OrdinalIgnoreCase))).ToList();
        var watch = Stopwatch.StartNew();
        var failed = 0;
        for (var seed = options.Seed; seed == options.Seed || watch.Elapsed.TotalMinutes < options.Minutes; seed++)
        {
            failed += await RunOnceAsync(chosen, seed, options.AtOnce, stop.Token);
        }

        Console.WriteLine($"{chosen.Count} scenarios, {failed} rows with a broken invariant, {watch.Elapsed.TotalMinutes:0.0} minutes.");
        return failed == 0 && chosen.Count > 0 ? 0 : 1;
    }

    private static async Task<int> RunOnceAsync(List<Scenario> chosen, int seed, int atOnce, CancellationToken cancellationToken)
    {
        var results = new ConcurrentDictionary<string, IReadOnlyList<Row>>();
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = atOnce, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(chosen.Where(one => one.Obstacle() is null), parallel, async (scenario, token) =>
        {
            var rows = await ScenarioRunner.RunAsync(scenario, seed, token);
            results[scenario.Name] = rows;
            foreach (var row in rows)
            {
                await Console.Error.WriteLineAsync(
                    $"{(row.Violations.Count == 0 ? "ok  "
                        : "FAIL")} {row.Scenario} ({row.Seconds:0} s) {string.Join(" ## ", row.Violations)}");
            }
        });
        var all = chosen.Where(one => results.ContainsKey(one.Name)).SelectMany(one => results[one.Name]).ToList();
        Console.WriteLine($"Seed {seed}");
        Console.WriteLine();
        Console.WriteLine(ResultTable.Of(all));
        foreach (var scenario in chosen.Where(one => one.Obstacle() is not null))
        {
            Console.WriteLine($"Not run here: {scenario.Name}: {scenario.Obstacle()}");
        }

        return all.Count(row => row.Violations.Count > 0);
    }
}
