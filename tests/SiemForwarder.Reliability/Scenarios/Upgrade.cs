using System.Net.Http.Json;
using System.Text.Json.Nodes;
using SiemForwarder.Reliability.Bench;

namespace SiemForwarder.Reliability.Scenarios;

/// <summary>The version before this one and this one, side by side on one database.</summary>
internal static class Upgrade
{
    /// <summary>Names the <c>SiemForwarder.Service.dll</c> of the version before; without it the scenario cannot run.</summary>
    public const string Variable = "SIEMFORWARDER_FORMER_SERVICE";

    private const int Events = 2000;

    public static IEnumerable<Scenario> All { get; } =
    [
        new("rolling upgrade", "processes", "An engine of the version before makes the database; one of this version joins; the old one is killed and started again; an integration is changed, and the old one ended.", ActAsync)
        {
            Obstacle = () => File.Exists(Environment.GetEnvironmentVariable(Variable)) ? null : $"{Variable} names no service of the version before",
        },
    ];

    private static async Task ActAsync(ScenarioRun run, CancellationToken cancellationToken)
    {
        var old = run.NewService("old").Process;
        old.Program = Environment.GetEnvironmentVariable(Variable)!;
        var current = run.NewService("current").Process;
        await old.StartAsync(cancellationToken);
        run.Api = new ForwarderApi(() => old.Api);
        await Kills.SetUpAsync(run, cancellationToken);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var flowing = run.Oracle.FlowAsync(300, stop.Token);
        await run.UntilAsync(() => run.Feeds[0].Arrivals.Distinct >= Events, TimeSpan.FromSeconds(30), cancellationToken);

        await current.StartAsync(cancellationToken);
        var isShared = await run.UntilAsync(
            async token => await EngineView.DeliveredAsync(old, token) > 0 && await EngineView.DeliveredAsync(current, token) > 0, TimeSpan.FromSeconds(30), cancellationToken);
        await old.KillAsync(cancellationToken);
        await old.StartAsync(cancellationToken);
        var before = run.Feeds[0].Arrivals.Distinct;
        var goesOn = await run.UntilAsync(() => run.Feeds[0].Arrivals.Distinct >= before + Events, TimeSpan.FromSeconds(30), cancellationToken);
        await ChangeAsync(current.Api, cancellationToken);
        await old.KillAsync(cancellationToken);
        run.Api = new ForwarderApi(() => current.Api);
        await stop.CancelAsync();
        await flowing;
        run.Sometimes("old and new engine delivered side by side; the old one started again on the new schema", isShared && goesOn);
        run.Feeds.ForEach(feed => feed.Interruptions = 2);
    }

    // Every integration is saved anew, in the shape that this version stores.
    private static async Task ChangeAsync(HttpClient api, CancellationToken cancellationToken)
    {
        var list = JsonNode.Parse(await api.GetStringAsync("/api/v1/integrations", cancellationToken))!;
        foreach (var integration in list["items"]!.AsArray())
        {
            using var request = new HttpRequestMessage(HttpMethod.Patch, $"/api/v1/integrations/{integration!["id"]}")
            {
                Content = JsonContent.Create(new { description = "changed by the version after" }),
            };
            request.Headers.TryAddWithoutValidation("If-Match", "*");
            using var answer = await api.SendAsync(request, cancellationToken);
            answer.EnsureSuccessStatusCode();
        }
    }
}
