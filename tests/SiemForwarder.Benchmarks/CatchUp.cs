using System.Diagnostics;
using System.Globalization;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Simulator;

namespace SiemForwarder.Benchmarks;

/// <summary>A source with many stored events is pulled from its beginning and delivered as CEF over TCP: the whole way, with the real process and the real database.</summary>
internal static class CatchUp
{
    public static async Task RunAsync(int count)
    {
        using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(10));
        await using var keycloak = await KeycloakSimulator.StartAsync(new SimulatorOptions(), stop.Token);
        // Two hours of logins, seeded, so that runs can be compared.
        using (var traffic = new SimulatedTraffic(seed: 1))
        {
            var now = DateTimeOffset.UtcNow;
            traffic.FillLogins(keycloak.Realm, count, now.AddHours(-2).ToUnixTimeMilliseconds(), now.ToUnixTimeMilliseconds());
        }

        using var receiver = new CountingReceiver();
        await using var forwarder = new ForwarderProcess(ForwarderProcess.NewFolder(), new Dictionary<string, string>
        {
            ["Forwarder__EventLog__IndexEnabled"] = Environment.GetEnvironmentVariable("BENCHMARK_INDEX") ?? "false",
        });
        await forwarder.StartAsync(stop.Token);
        await forwarder.PostAsync(
            "/api/v1/integrations", new { name = "cef", serverUrl = $"tcp://127.0.0.1:{receiver.Port}", outputType = "CEF", enabled = true }, stop.Token);
        var (service, postgres) = (forwarder.Process!.Id, ProcessUsage.PostgresPid(forwarder));
        var (serviceBefore, postgresBefore) = (ProcessUsage.CpuSeconds(service), ProcessUsage.TreeCpuSeconds(postgres));
        var clock = Stopwatch.StartNew();
        await forwarder.PostAsync("/api/v1/sources", new
        {
            name = "simulated",
            keycloak = new
            {
                baseUrl = keycloak.BaseUrl.ToString().TrimEnd('/'),
                realm = keycloak.Realm.Name,
                clientId = keycloak.Realm.Client.ClientId,
                clientSecret = keycloak.Realm.Client.Secret,
                streams = new[] { "user" },
                start = "everything",
            },
        }, stop.Token);
        while (receiver.Lines < count)
        {
            await Task.Delay(20, stop.Token);
        }

        var seconds = clock.Elapsed.TotalSeconds;
        var received = keycloak.Realm.UserEvents.Count;
        var millions = count / 1e6;
        ProcessUsage.Print("events", count);
        ProcessUsage.Print("events per second, Keycloak to receiver", count / seconds);
        ProcessUsage.Print("CPU seconds per million events, service", (ProcessUsage.CpuSeconds(service) - serviceBefore) / millions);
        ProcessUsage.Print("CPU seconds per million events, PostgreSQL", (ProcessUsage.TreeCpuSeconds(postgres) - postgresBefore) / millions);
        ProcessUsage.Print("peak memory of the service, MiB", ProcessUsage.PeakMemoryMiB(service));
        ProcessUsage.Print("bytes per event as CEF", receiver.Bytes / (double)receiver.Lines);
        ProcessUsage.Print("stored bytes per event (tables, TOAST, indexes of the log)", await StoredBytesAsync(forwarder, stop.Token) / count);
        ProcessUsage.Print("bytes per event as Keycloak sends it", keycloak.Realm.UserEvents.Rows().Take(10_000).Average(row => row.Length));
        Console.WriteLine($"received {receiver.Lines} lines of {received} stored at Keycloak (its own token logins included)");
    }

    private static async Task<double> StoredBytesAsync(ForwarderProcess forwarder, CancellationToken cancellationToken)
    {
        await using var database = Npgsql.NpgsqlDataSource.Create(
            $"Host={Path.Combine(forwarder.DataFolder, "postgres", "run")};Username=siemforwarder;Database=postgres");
        await using var command = database.CreateCommand(
            "SELECT sum(pg_total_relation_size(inhrelid))::float8 FROM pg_inherits WHERE inhparent = 'segment'::regclass");
        return (double)(await command.ExecuteScalarAsync(cancellationToken))!;
    }
}
