using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using SiemForwarder.Service.Access.Keys;
using SiemForwarder.Service.Storage;
using SiemForwarder.Simulator;

namespace SiemForwarder.Service.Commands.Demo;

/// <summary>The command <c>demo</c>: the whole path from a realm to two SIEMs on this machine, with counts that must agree.</summary>
internal sealed class DemoCommand(DemoOptions options, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan SettleBound = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan BetweenCounts = TimeSpan.FromSeconds(5);
    private const int ShownEvents = 3;

    private readonly HashSet<string> printed = [];

    /// <summary>Returns 0 if every event arrived at both integrations, otherwise 1.</summary>
    /// <param name="ending">Stops raising events, and waits for those under way.</param>
    /// <param name="leaving">Exits without waiting.</param>
    public async Task<int> RunAsync(CancellationToken ending, CancellationToken leaving)
    {
        var folder = Directory.CreateTempSubdirectory("siemforwarder-demo-").FullName;
        if (!OperatingSystem.IsWindows())
        {
            // The private database runs as another user if this program runs as root.
            File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
                | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        }

        try
        {
            Say("Starting a private PostgreSQL, the service and two receivers …");
            await using var home = await DatabaseHome.OpenAsync(null, folder, leaving);
            await using var arrivals = new DemoArrivals();
            await using var app = ForwarderHost.Build(
                ["--Serilog:MinimumLevel:Default=Warning", "--Serilog:MinimumLevel:Override:Microsoft.Hosting.Lifetime=Warning", $"--urls={options.Urls}",
                    $"--Forwarder:DataFolder={folder}"],
                home.ConnectionString, builder => builder.Services.AddSingleton<IHostLifetime, UntilTheDemoEnds>());
            await app.Services.MigrateAsync(leaving);
            try
            {
                await app.StartAsync(leaving);
                return await ShowAsync(app, Path.Combine(folder, FirstKey.FileName), arrivals, ending, leaving) ? 0 : 1;
            }
            finally
            {
                await app.StopAsync(CancellationToken.None);
            }
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            Say("The demo was stopped before there was anything to count.");
            return 1;
        }
        catch (HttpRequestException exception)
        {
            Say($"The demo cannot continue: {exception.Message}");
            return 1;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private async Task<bool> ShowAsync(WebApplication app, string keyFile, DemoArrivals arrivals, CancellationToken ending, CancellationToken leaving)
    {
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        using var api = new HttpClient { BaseAddress = new Uri(address) };
        api.DefaultRequestHeaders.Add(ApiKeyText.Header, (await File.ReadAllTextAsync(keyFile, ending)).Trim());
        await using var simulator = options.Keycloak is null ? await KeycloakSimulator.StartAsync(new SimulatorOptions(), ending) : null;
        var keycloak = simulator?.BaseUrl.ToString().TrimEnd('/') ?? options.Keycloak!;
        // The demo counts Keycloak's events; its own setup also creates audit events.
        var filter = new { exclude = new { types = new[] { "CONFIGURATION_CHANGED" } } };
        await PostAsync(api, "/api/v1/integrations",
            new { name = "CEF over TCP syslog", serverUrl = $"tcp://127.0.0.1:{arrivals.SyslogPort}", outputType = "CEF", enabled = true, filter },
            ending);
        await PostAsync(api, "/api/v1/integrations", new { name = "JSON over HTTP", serverUrl = $"http://127.0.0.1:{arrivals.HttpPort}/events",
            outputType = "JSON", enabled = true, filter }, ending);
        var source = await PostAsync(api, "/api/v1/sources", new
        {
            name = options.Realm,
            keycloak = new { baseUrl = keycloak, realm = options.Realm, clientId = options.ClientId, clientSecret = options.ClientSecret,
                pollIntervalSeconds = 1, start = "everything" },
        }, ending);
        Say($"  Keycloak   {keycloak} realm {options.Realm}{(simulator is null ? "" : " (simulated)")}");
        Say($"  Swagger    {address}/swagger");
        Say($"  key        curl -H \"X-API-Key: $(cat {keyFile})\" {address}/api/v1/integrations");
        Say($"  receivers  CEF tcp://127.0.0.1:{arrivals.SyslogPort}, JSON http://127.0.0.1:{arrivals.HttpPort}/events");
        Say(options.Once ? "" : "Press Ctrl+C to stop the demo.");
        Say("");

        var traffic = simulator is null ? null : new DemoTraffic(simulator.Realm, time);
        var raising = traffic?.RunAsync(options.Once ? options.Events : null, ending) ?? Task.CompletedTask;
        var statusPath = $"/api/v1/sources/{source["id"]}/status";
        await WatchAsync(api, statusPath, arrivals, traffic, simulator, raising, ending, leaving);
        return await SummarizeAsync(api, statusPath, arrivals, simulator);
    }

    /// <summary>Prints the first events as they arrive and then counts, until everything has arrived, or on a timeout or signal.</summary>
    private async Task WatchAsync(
        HttpClient api, string statusPath, DemoArrivals arrivals, DemoTraffic? traffic, KeycloakSimulator? simulator, Task raising,
        CancellationToken ending, CancellationToken leaving)
    {
        var (lastProgress, lastCount, endedAt) = (time.GetTimestamp(), time.GetTimestamp(), (long?)null);
        var (arrived, counted) = (0, 0);
        try
        {
            while (true)
            {
                arrivals.Look();
                Print(arrivals, traffic);
                if (arrivals.Cef.Count + arrivals.Json.Count > arrived)
                {
                    (arrived, lastProgress) = (arrivals.Cef.Count + arrivals.Json.Count, time.GetTimestamp());
                }

                if (endedAt is null && ending.IsCancellationRequested)
                {
                    endedAt = time.GetTimestamp();
                    Say("Stopping: waiting for events under way (press Ctrl+C again to exit at once).");
                }

                var stored = await StoredAsync(api, statusPath, leaving);
                var issued = simulator is null ? stored : Issued(simulator);
                var complete = stored == issued && stored > 0 && arrivals.Cef.Count == stored && arrivals.Json.Count == stored;
                if ((options.Once && raising.IsCompleted && (complete || time.GetElapsedTime(lastProgress) > Patience))
                    || (endedAt is { } ended && raising.IsCompleted && (complete || time.GetElapsedTime(ended) > SettleBound)))
                {
                    return;
                }

                if (arrived > counted && time.GetElapsedTime(lastCount) > BetweenCounts)
                {
                    (counted, lastCount) = (arrived, time.GetTimestamp());
                    Say($"issued {issued}, stored {stored}, CEF arrived {arrivals.Cef.Count}, JSON arrived {arrivals.Json.Count}");
                }

                await Task.Delay(Glance, time, leaving);
            }
        }
        catch (OperationCanceledException)
        {
            Say("");
        }
    }

    /// <summary>The first events as raised and as received; for a real Keycloak the first received.</summary>
    private void Print(DemoArrivals arrivals, DemoTraffic? traffic)
    {
        var shown = traffic is null ? arrivals.Order.Select(id => (Id: id, What: "by Keycloak")) : traffic.Raised;
        var arrived = shown.Take(ShownEvents).Where(one => arrivals.Json.ContainsKey(one.Id) && arrivals.Cef.ContainsKey(one.Id)).ToList();
        foreach (var (id, what) in arrived.Where(one => printed.Add(one.Id)))
        {
            Say($"sent {what}  {id}");
            Say($"  CEF  {arrivals.Cef[id]}");
            Say($"  JSON {arrivals.Json[id]}");
            if (printed.Count == ShownEvents)
            {
                Say("From here on events are only counted.");
            }
        }
    }

    private static async Task<bool> SummarizeAsync(HttpClient api, string statusPath, DemoArrivals arrivals, KeycloakSimulator? simulator)
    {
        using var bound = new CancellationTokenSource(Patience);
        var stored = await StoredAsync(api, statusPath, bound.Token);
        arrivals.Look();
        var issued = simulator is null ? stored : Issued(simulator);
        Say("");
        if (simulator is not null)
        {
            Say($"issued      {issued,6}");
        }

        Say($"stored      {stored,6}");
        Say($"CEF arrived {arrivals.Cef.Count,6}   duplicates {arrivals.CefReceived - arrivals.Cef.Count}");
        Say($"JSON arrived{arrivals.Json.Count,6}   duplicates {arrivals.JsonReceived - arrivals.Json.Count}");
        var agreed = issued == stored && arrivals.Cef.Count == stored && arrivals.Json.Count == stored && stored > 0;
        Say(agreed ? "All counts agree." : "THE COUNTS DO NOT AGREE.");
        return agreed;
    }

    private static int Issued(KeycloakSimulator simulator) => simulator.Realm.UserEvents.Count + simulator.Realm.AdminEvents.Count;

    private static async Task<int> StoredAsync(HttpClient api, string statusPath, CancellationToken cancellationToken) =>
        JsonNode.Parse(await api.GetStringAsync(statusPath, cancellationToken))!["storedEvents"]!.GetValue<int>();

    private static async Task<JsonNode> PostAsync(HttpClient api, string path, object body, CancellationToken cancellationToken)
    {
        using var response = await api.PostAsJsonAsync(path, body, cancellationToken);
        var text = await response.Content.ReadAsStringAsync(cancellationToken);
        return response.IsSuccessStatusCode
            ? JsonNode.Parse(text)!
            : throw new HttpRequestException($"the service answered {(int)response.StatusCode} to {path}: {text}");
    }

    private static void Say(string line) => Console.WriteLine(line);

    /// <summary>Leaves signal handling to the demo: the service must not stop while events are under way.</summary>
    private sealed class UntilTheDemoEnds : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
