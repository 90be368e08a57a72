using System.Text.Json;
using System.Text.RegularExpressions;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Service.Storage.Private;
using SiemForwarder.Tests.Support;
using YamlDotNet.RepresentationModel;

namespace SiemForwarder.EndToEnd.Receivers;

/// <summary>The dashboard and the alert rules, each expression of them run by a real Prometheus that scrapes the running service.</summary>
public sealed partial class PrometheusTests(TestPostgres postgres)
{
    private const string Prometheus = "/usr/bin/prometheus";
    private const string Promtool = "/usr/bin/promtool";

    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(3);
    private static readonly string Folder = Path.Combine(RepositoryFiles.Root, "docs", "deploy", "grafana");

    [Fact]
    public async Task PromtoolAcceptsTheRulesAndTheScrape()
    {
        Assert.SkipUnless(File.Exists(Promtool), "no promtool on this machine (Debian package prometheus)");
        var (code, said) = await ChildProgram.RunAsync(Promtool, ["check", "rules", Path.Combine(Folder, "alerts.yaml")], TestContext.Current.CancellationToken);
        await using var forwarder = await WatchedForwarder.StartAsync(postgres);
        await using var receiver = new ReceiverProcess();
        receiver.Write("scrape.txt", await forwarder.ScrapeAsync());
        var (linted, faults) = await ChildProgram.RunAsync(
            "/bin/sh", ["-c", $"{Promtool} check metrics < {receiver.PathOf("scrape.txt")} 2>&1"], TestContext.Current.CancellationToken);

        Assert.True(code == 0, said);
        // It wishes for other names of .NET's own metrics, which are theirs; those of the service pass.
        Assert.DoesNotContain(faults.Split('\n'), line => line.StartsWith("siemforwarder", StringComparison.Ordinal));
        Assert.InRange(linted, 0, 3);
        Assert.DoesNotContain("error while linting", faults, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task EveryExpressionOfTheDashboardAndTheRulesNamesMetricsThatExistAndRuns()
    {
        Assert.SkipUnless(File.Exists(Prometheus), "no prometheus on this machine (Debian package prometheus)");
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bound.CancelAfter(Bound);
        await using var forwarder = await WatchedForwarder.StartAsync(postgres);
        await using var prometheus = new ReceiverProcess();
        var port = LoopbackPorts.Next();
        prometheus.Write("alerts.yaml", await File.ReadAllTextAsync(Path.Combine(Folder, "alerts.yaml"), bound.Token));
        prometheus.Write("prometheus.yml", $"""
            global: {"{"}scrape_interval: 1s, evaluation_interval: 1s{"}"}
            rule_files: [alerts.yaml]
            scrape_configs:
              - job_name: siemforwarder
                static_configs: [{"{"}targets: ['127.0.0.1:{forwarder.Application.Address.Port}']{"}"}]
            """);
        await prometheus.StartAsync(
            Prometheus, $"--config.file=prometheus.yml --storage.tsdb.path=data --web.listen-address=127.0.0.1:{port} --enable-feature=exemplar-storage",
            new Dictionary<string, string>(), port, bound.Token);
        using var api = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        var expressions = Expressions().ToList();
        var wanted = expressions.SelectMany(one => Names().Matches(Labels().Replace(one.Expression, ""))).Select(match => match.Value).Where(name => name != "siemforwarder").ToHashSet();

        var missing = await UntilEmptyAsync(
            async () => wanted.Except((await GetAsync(api, "/api/v1/label/__name__/values", bound.Token)).EnumerateArray().Select(one => one.GetString()!)), bound.Token);
        Assert.True(missing.Count == 0, $"No such metric: {string.Join(", ", missing)}");
        Assert.InRange(expressions.Count, 60, 200);

        // Those that show something whenever the service runs; a rate needs two scrapes.
        var silent = await UntilEmptyAsync(
            async () =>
            {
                var empty = new List<string>();
                foreach (var (place, expression, _) in expressions.Where(one => one.IsAlwaysShown))
                {
                    var found = await GetAsync(api, $"/api/v1/query?query={Uri.EscapeDataString(expression)}", bound.Token);
                    if (found.GetProperty("result").GetArrayLength() == 0)
                    {
                        empty.Add($"{place}: {expression}");
                    }
                }

                return empty;
            },
            bound.Token);
        Assert.True(silent.Count == 0, string.Join('\n', silent));
        foreach (var (place, expression, _) in expressions.Where(one => !one.IsAlwaysShown))
        {
            Assert.True((await GetAsync(api, $"/api/v1/query?query={Uri.EscapeDataString(expression)}", bound.Token)).TryGetProperty("result", out _), place);
        }

        // What is wrong here begins to alert: a dead SIEM, a dead realm, an event set aside.
        string[] alerting = ["SiemForwarderIntegrationFailing", "SiemForwarderSourceFailing", "SiemForwarderEventsSetAside", "SiemForwarderEventsMissing"];
        Assert.Empty(await UntilEmptyAsync(
            async () => alerting.Except((await GetAsync(api, "/api/v1/alerts", bound.Token)).GetProperty("alerts").EnumerateArray()
                .Select(one => one.GetProperty("labels").GetProperty("alertname").GetString()!)),
            bound.Token));
    }

    [Fact]
    public void EveryPanelHasATitleAUnitAndAnExpression()
    {
        using var dashboard = Dashboard();
        var panels = dashboard.RootElement.GetProperty("panels").EnumerateArray().Where(panel => panel.GetProperty("type").GetString() != "row").ToList();

        Assert.Equal(panels.Count, panels.Select(panel => panel.GetProperty("id").GetInt32()).Distinct().Count());
        Assert.All(panels, panel =>
        {
            Assert.NotEmpty(panel.GetProperty("title").GetString()!);
            Assert.NotEmpty(panel.GetProperty("fieldConfig").GetProperty("defaults").GetProperty("unit").GetString()!);
            Assert.NotEqual(0, panel.GetProperty("targets").GetArrayLength());
        });
        Assert.Equal(
            ["Overview", "Integration: $integration", "Source: $source"],
            dashboard.RootElement.GetProperty("panels").EnumerateArray().Where(panel => panel.GetProperty("type").GetString() == "row").Select(panel => panel.GetProperty("title").GetString()));
    }

    private static IEnumerable<Query> Expressions()
    {
        using var dashboard = Dashboard();
        foreach (var panel in dashboard.RootElement.GetProperty("panels").EnumerateArray().Where(panel => panel.TryGetProperty("targets", out _)))
        {
            foreach (var target in panel.GetProperty("targets").EnumerateArray())
            {
                var expression = target.GetProperty("expr").GetString()!;
                // Of the two integrations only the dead one has a backlog, and only the live one delivers.
                var integration = expression.Contains("retention_margin", StringComparison.Ordinal) || expression.Contains("failed", StringComparison.Ordinal)
                    || expression.Contains("retried", StringComparison.Ordinal) ? "dead siem" : "watched siem";
                var source = expression.Contains("polls_failed", StringComparison.Ordinal) ? "dead realm"
                    : expression.Contains("pushed", StringComparison.Ordinal) || expression.Contains("rejected", StringComparison.Ordinal) ? "watched app" : "watched realm";
                yield return new Query(
                    $"panel {panel.GetProperty("title").GetString()}",
                    expression.Replace("$__rate_interval", "1m", StringComparison.Ordinal).Replace("$integration", integration, StringComparison.Ordinal)
                        .Replace("$source", source, StringComparison.Ordinal),
                    IsAlwaysShown: true);
            }
        }

        var rules = new YamlStream();
        rules.Load(new StringReader(File.ReadAllText(Path.Combine(Folder, "alerts.yaml"))));
        foreach (var group in (YamlSequenceNode)rules.Documents[0].RootNode["groups"])
        {
            foreach (var rule in (YamlSequenceNode)group["rules"])
            {
                yield return new Query($"rule {rule["alert"]}", $"{rule["expr"]}", IsAlwaysShown: false);
            }
        }
    }

    private static JsonDocument Dashboard() => JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, "dashboard.json")));

    private static async Task<JsonElement> GetAsync(HttpClient api, string path, CancellationToken cancellationToken)
    {
        using var answer = await api.GetAsync(path, cancellationToken);
        var text = await answer.Content.ReadAsStringAsync(cancellationToken);
        Assert.True(answer.IsSuccessStatusCode, $"{path}: {text}");
        return JsonDocument.Parse(text).RootElement.GetProperty("data");
    }

    /// <summary>Asks until nothing is left, or for a minute; what is left.</summary>
    private static async Task<List<string>> UntilEmptyAsync(Func<Task<IEnumerable<string>>> find, CancellationToken cancellationToken)
    {
        var started = TimeProvider.System.GetTimestamp();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(500));
        List<string> left;
        do
        {
            left = [.. await find()];
        }
        while (left.Count > 0 && TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromMinutes(1) && await timer.WaitForNextTickAsync(cancellationToken));
        return left;
    }

    [GeneratedRegex("(?<![\"a-zA-Z_:])(?:siemforwarder|dotnet|db_client|http|kestrel|up)(?:_[a-z_]+)?(?=[\\[{ )]|$)")]
    private static partial Regex Names();

    [GeneratedRegex(@"by \([^)]*\)")]
    private static partial Regex Labels();

    private sealed record Query(string Place, string Expression, bool IsAlwaysShown);
}
