using System.Text.Json.Nodes;
using SiemForwarder.Reliability.Bench;
using SiemForwarder.Reliability.Faults;
using SiemForwarder.Reliability.Judging;

namespace SiemForwarder.Reliability.Scenarios;

/// <summary>A DNS server that takes questions and is silent.</summary>
internal static class Names
{
    private const int MoreNames = 30;

    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(40);
    private static readonly TimeSpan MaxGap = TimeSpan.FromSeconds(5);

    public static IEnumerable<Scenario> All { get; } =
    [
        new(
            "silent DNS server", "destination",
            "No name is resolved for 40 s, of 31 receivers and a Keycloak; a receiver with an address gets its events all the while, and no lease lapses.",
            SilentAsync)
        {
            Obstacle = LoopbackDns.Obstacle,
        },
    ];

    private static async Task SilentAsync(ScenarioRun run, CancellationToken cancellationToken)
    {
        var names = run.Own(LoopbackDns.Start(run.Folder));
        var (engine, settings) = run.NewService("engine", names.Command);
        // As delivered: what is shown is that leases do not lapse, not that they are short.
        settings["Forwarder__Engine__LeaseDuration"] = "00:00:06";
        settings["Forwarder__Engine__LeaseInterval"] = "00:00:01.5";
        await engine.StartAsync(cancellationToken);
        run.Api = new ForwarderApi(() => engine.Api);
        var (literal, _) = await Receivers.AddTcpAsync(run, cancellationToken);
        var rendering = new RawRendering();
        var named = new Feed("named", run.NewArrivals(rendering), rendering, Receivers.TcpBatch);
        var receiver = run.Own(Receivers.StartTcp(named, null, 0));
        await run.AddIntegrationAsync(named, $"tcp://receiver.silent.example:{receiver.Port}", cancellationToken);
        await run.AddSourceAsync(cancellationToken);
        await AddMoreAsync(run, cancellationToken);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var flowing = run.Oracle.FlowAsync(200, stop.Token);
        await run.UntilAsync(() => literal.Arrivals.Distinct > 200, TimeSpan.FromSeconds(30), cancellationToken);
        await run.UntilAsync(async token => await CountAsync(run, "engine = 'engine'", token) >= MoreNames + 3, TimeSpan.FromSeconds(30), cancellationToken);

        var (before, from) = (await CountAsync(run, "fence > 1", cancellationToken), run.Clock.GetUtcNow());
        await Task.Delay(Silence, cancellationToken);
        var (after, to) = (await CountAsync(run, "fence > 1", cancellationToken), run.Clock.GetUtcNow());
        var error = await run.UntilErrorAsync(named, "resolved", TimeSpan.FromSeconds(30), cancellationToken);
        var gap = MaxGapOf(literal, from, to);
        names.Answer();
        await stop.CancelAsync();
        await flowing;
        run.Sometimes($"status Error: the name was not resolved; {names.Unanswered} questions without an answer", error && names.Unanswered > MoreNames);
        run.Sometimes($"longest gap at the receiver with an address {gap.TotalSeconds:0.0} s", gap < MaxGap);
        run.Sometimes($"{after - before} leases changed hands", after == before);
    }

    private static async Task AddMoreAsync(ScenarioRun run, CancellationToken cancellationToken)
    {
        for (var number = 0; number < MoreNames; number++)
        {
            var body = new JsonObject
            {
                ["name"] = $"name {number}", ["serverUrl"] = $"tcp://receiver-{number}.silent.example:9", ["outputType"] = "json", ["enabled"] = true,
            };
            await run.Api.PostAsync("/api/v1/integrations", body, cancellationToken);
        }

        await run.Api.PostAsync(
            "/api/v1/sources",
            new
            {
                name = "named",
                keycloak = new { baseUrl = "http://keycloak.silent.example:9", realm = "r", clientId = "c", clientSecret = "s", pollIntervalSeconds = 1 },
            },
            cancellationToken);
    }

    private static Task<long> CountAsync(ScenarioRun run, string condition, CancellationToken cancellationToken) =>
        StoredLog.CountAsync(run.Database.Source, $"SELECT count(*) FROM lease WHERE {condition}", cancellationToken);

    private static TimeSpan MaxGapOf(Feed feed, DateTimeOffset from, DateTimeOffset to)
    {
        var (longest, last) = (TimeSpan.Zero, from);
        foreach (var at in feed.Arrivals.InOrder().Select(arrival => arrival.At).Where(at => at >= from && at <= to).Append(to).Order())
        {
            longest = at - last > longest ? at - last : longest;
            last = at;
        }

        return longest;
    }
}
