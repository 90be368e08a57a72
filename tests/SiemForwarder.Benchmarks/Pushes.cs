using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using SiemForwarder.EndToEnd.Support;

namespace SiemForwarder.Benchmarks;

/// <summary>One event per POST to the inbox, from one sender and from many: the real process, the real database with fsync, all on this machine.</summary>
internal static class Pushes
{
    private const string Key = "benchmark-key-0123456789";
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(15);

    // The code that a steady load runs is compiled twice, the second time after a while.
    private static readonly TimeSpan SteadyWarmUp = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan SteadyLength = TimeSpan.FromSeconds(30);
    private const int SteadySenders = 16;

    public static async Task RunAsync()
    {
        using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        await using var forwarder = await StartAsync(stop.Token);
        foreach (var senders in new[] { 1, 64 })
        {
            var source = await forwarder.PostAsync("/api/v1/sources", new { name = $"senders-{senders}", kind = "http", inbox = new { key = Key } }, stop.Token);
            var path = $"/api/v1/sources/{source["id"]}/events";
            await MeasureAsync(forwarder.Api, path, senders, WarmUp, stop.Token);
            var before = await CountSegmentsAsync(forwarder, stop.Token);
            var cpu = ProcessUsage.CpuSeconds(forwarder.Process!.Id);
            var milliseconds = await MeasureAsync(forwarder.Api, path, senders, Length, stop.Token);
            var posts = milliseconds.Count;
            ProcessUsage.Print($"{senders} senders: posts per second", posts / Length.TotalSeconds);
            ProcessUsage.Print($"{senders} senders: median milliseconds", milliseconds[posts / 2]);
            ProcessUsage.Print($"{senders} senders: 99th percentile milliseconds", milliseconds[posts * 99 / 100]);
            ProcessUsage.Print($"{senders} senders: events per append", posts / (double)(await CountSegmentsAsync(forwarder, stop.Token) - before));
            ProcessUsage.Print($"{senders} senders: CPU seconds of the service per 100,000 posts", (ProcessUsage.CpuSeconds(forwarder.Process.Id) - cpu) / posts * 100_000);
        }
    }

    /// <summary>A steady rate of single events, as plug-ins of several Keycloak servers send them, delivered as CEF over TCP: latency of each POST, and
    /// the processors that are busy.</summary>
    /// <param name="perSecond">POSTs a second.</param>
    public static async Task RunSteadyAsync(int perSecond)
    {
        using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        using var receiver = new CountingReceiver();
        await using var forwarder = await StartAsync(stop.Token);
        await forwarder.PostAsync(
            "/api/v1/integrations", new { name = "cef", serverUrl = $"tcp://127.0.0.1:{receiver.Port}", outputType = "CEF", enabled = true }, stop.Token);
        var source = await forwarder.PostAsync("/api/v1/sources", new { name = "steady", kind = "http", inbox = new { key = Key } }, stop.Token);
        var path = $"/api/v1/sources/{source["id"]}/events";
        await PaceAsync(forwarder.Api, path, perSecond, SteadyWarmUp, stop.Token);
        var (service, postgres) = (forwarder.Process!.Id, ProcessUsage.PostgresPid(forwarder));
        var (serviceCpu, postgresCpu) = (ProcessUsage.CpuSeconds(service), ProcessUsage.TreeCpuSeconds(postgres));
        var (before, received) = (await CountSegmentsAsync(forwarder, stop.Token), receiver.Lines);
        var clock = Stopwatch.StartNew();
        var milliseconds = await PaceAsync(forwarder.Api, path, perSecond, SteadyLength, stop.Token);
        ProcessUsage.Print("posts per second", milliseconds.Count / clock.Elapsed.TotalSeconds);
        ProcessUsage.Print("median milliseconds", milliseconds[milliseconds.Count / 2]);
        ProcessUsage.Print("99th percentile milliseconds", milliseconds[milliseconds.Count * 99 / 100]);
        ProcessUsage.Print("events per append", milliseconds.Count / (double)(await CountSegmentsAsync(forwarder, stop.Token) - before));
        ProcessUsage.Print("events per second that the receiver took", (receiver.Lines - received) / clock.Elapsed.TotalSeconds);
        ProcessUsage.Print("busy processors, service", (ProcessUsage.CpuSeconds(service) - serviceCpu) / clock.Elapsed.TotalSeconds, "N2");
        ProcessUsage.Print("busy processors, PostgreSQL", (ProcessUsage.TreeCpuSeconds(postgres) - postgresCpu) / clock.Elapsed.TotalSeconds, "N2");
    }

    private static async Task<ForwarderProcess> StartAsync(CancellationToken cancellationToken)
    {
        var forwarder = new ForwarderProcess(
            ForwarderProcess.NewFolder(), new Dictionary<string, string> { ["Forwarder__EventLog__IndexEnabled"] = "false" });
        forwarder.Program = Environment.GetEnvironmentVariable("BENCHMARK_SERVICE") ?? forwarder.Program;
        await forwarder.StartAsync(cancellationToken);
        return forwarder;
    }

    private static async Task<List<double>> PaceAsync(HttpClient api, string path, int perSecond, TimeSpan length, CancellationToken cancellationToken)
    {
        var (clock, sent) = (Stopwatch.StartNew(), 0);
        var all = await Task.WhenAll(Enumerable.Range(0, SteadySenders).Select(sender => Task.Run(async () =>
        {
            var milliseconds = new List<double>();
            while (TimeSpan.FromSeconds((Interlocked.Increment(ref sent) - 1) / (double)perSecond) is var due && due < length)
            {
                if (due > clock.Elapsed)
                {
                    await Task.Delay(due - clock.Elapsed + TimeSpan.FromMilliseconds(0.5), cancellationToken);
                }

                var start = Stopwatch.GetTimestamp();
                await PushAsync(api, path, sender, cancellationToken);
                milliseconds.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            }

            return milliseconds;
        }, cancellationToken)));
        return [.. all.SelectMany(list => list).Order()];
    }

    private static async Task<List<double>> MeasureAsync(HttpClient api, string path, int senders, TimeSpan length, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        var all = await Task.WhenAll(Enumerable.Range(0, senders).Select(sender => Task.Run(async () =>
        {
            var milliseconds = new List<double>();
            while (clock.Elapsed < length)
            {
                var start = Stopwatch.GetTimestamp();
                await PushAsync(api, path, sender, cancellationToken);
                milliseconds.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            }

            return milliseconds;
        }, cancellationToken)));
        return [.. all.SelectMany(list => list).Order()];
    }

    private static async Task PushAsync(HttpClient api, string path, int sender, CancellationToken cancellationToken)
    {
        var body = $$$"""
            {"uid":"{{{Guid.NewGuid():D}}}","id":"{{{Guid.NewGuid():D}}}","type":"access.LOGIN","time":{{{DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()}}},"realmId":"c7fc32ed-5c92-4cea-b8da-2008ce1d2e71","realmName":"acme","authDetails":{"realmId":"acme","clientId":"web-app","userId":"ca99d5df-9069-4c01-a339-bfcba461a0c9","ipAddress":"192.0.2.{{{sender}}}","sessionId":"756261b0-2a1a-4f9e-82ad-7762d2732127","username":"alice"},"details":{"auth_method":"openid-connect","redirect_uri":"https://app.example.com/cb","username":"alice"}}
            """;
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.Add("X-API-Key", Key);
        using var response = await api.SendAsync(request, cancellationToken);
        var answer = await response.Content.ReadAsStringAsync(cancellationToken);
        if (response.StatusCode != HttpStatusCode.Accepted || JsonNode.Parse(answer)!["accepted"]!.GetValue<int>() != 1)
        {
            throw new InvalidOperationException($"{response.StatusCode}: {answer}");
        }
    }

    private static async Task<long> CountSegmentsAsync(ForwarderProcess forwarder, CancellationToken cancellationToken)
    {
        await using var database = Npgsql.NpgsqlDataSource.Create(forwarder.ConnectionString);
        await using var command = database.CreateCommand("SELECT count(*) FROM segment");
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }
}
