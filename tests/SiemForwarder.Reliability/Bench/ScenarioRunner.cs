using System.Diagnostics;
using SiemForwarder.Reliability.Judging;
using SiemForwarder.Reliability.Oracle;
using SiemForwarder.Simulator;

namespace SiemForwarder.Reliability.Bench;

/// <summary>Runs one scenario from an empty machine to the verdict, and leaves nothing behind.</summary>
internal static class ScenarioRunner
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(10);

    public static async Task<IReadOnlyList<Row>> RunAsync(Scenario scenario, int seed, CancellationToken cancellationToken)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(Bound);
        var watch = Stopwatch.StartNew();
        var folder = Directory.CreateTempSubdirectory("siemforwarder-reliability-").FullName;
        File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
        var disk = scenario.Disk is null ? null : await scenario.Disk(folder, bound.Token);
        try
        {
            var clock = scenario.Clock();
            await using var keycloak = await KeycloakSimulator.StartAsync(new SimulatorOptions { Clock = clock }, bound.Token);
            // The forwarder's own tokens would be events that the oracle did not issue.
            keycloak.Realm.RecordsTokens = false;
            await using var database = await PostgresServer.StartAsync(folder, scenario.DatabaseSettings, bound.Token);
            await using var run = new ScenarioRun
            {
                Seed = seed,
                Random = new Random(seed),
                Clock = clock,
                Keycloak = keycloak,
                Oracle = new IssuingOracle(keycloak, clock, seed),
                Database = database,
                Folder = folder,
                Disk = disk,
            };
            await scenario.Act(run, bound.Token);
            // A dagger marks simulated time in the table.
            return await run.JudgeAsync(
                clock is Faults.LeapingClock ? $"{scenario.Name} †" : scenario.Name, () => watch.Elapsed, bound.Token);
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            return [new Row(scenario.Name, 0, 0, 0, 0, 0, 0, 0, 0, TimeSpan.Zero, "", [$"the scenario broke: {exception}"],
            watch.Elapsed.TotalSeconds)];
        }
        finally
        {
            if (disk is not null)
            {
                await disk.DisposeAsync();
            }

            Directory.Delete(folder, recursive: true);
        }
    }
}
