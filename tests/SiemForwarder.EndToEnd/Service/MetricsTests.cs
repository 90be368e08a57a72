using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.EndToEnd.Service;

/// <summary>The metrics of the running service: what they count, that they are all there, and that they end.</summary>
public sealed class MetricsTests(TestPostgres postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task EveryMetricOfTheCatalogIsScrapedUnderItsDocumentedName()
    {
        await using var forwarder = await WatchedForwarder.StartAsync(postgres);
        var expected = MetricCatalog.All.Select(metric => metric.PrometheusName + (metric.Kind == MetricKind.Histogram ? "_bucket" : "")).ToList();

        string[] others =
            ["dotnet_process_memory_working_set_bytes", "db_client_connection_count", "http_client_open_connections", "http_server_request_duration_seconds_count", "kestrel_active_connections"];

        // A request counts once it has ended, which the first scrape need not see.
        var text = await forwarder.ScrapeUntilAsync(text => expected.Concat(others).All(name => Values(text, name).Count > 0));

        var known = MetricCatalog.All.SelectMany(metric => (string[])["", "_bucket", "_sum", "_count"], (metric, end) => metric.PrometheusName + end).ToHashSet();
        var unknown = Regex.Matches(text, "^(siemforwarder_[a-z_]+)", RegexOptions.Multiline).Select(match => match.Value).Where(name => !known.Contains(name));
        Assert.Empty(unknown.Distinct());
        Assert.All(others, name => Assert.NotEmpty(Values(text, name)));
        Assert.DoesNotContain("Password", text, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task TheCountsAreThoseOfWhatHappened()
    {
        await using var forwarder = await WatchedForwarder.StartAsync(postgres);

        var text = await forwarder.ScrapeUntilAsync(text =>
            Values(text, "siemforwarder_backlog_events", "dead siem").Sum() >= 3 && Sum(text, "siemforwarder_set_aside_events", "watched siem") == 1
            && Sum(text, "siemforwarder_integration_failing", "dead siem") == 1 && Sum(text, "siemforwarder_source_failing", "dead realm") == 1
            && Sum(text, "siemforwarder_source_retention_margin_seconds", "watched realm") > 0
            && Sum(text, "siemforwarder_events_appended_total", "watched realm") == Sum(text, "siemforwarder_events_delivered_total", "watched siem", "watched realm")
            && Sum(text, "siemforwarder_events_pulled_total", "watched realm")
                == Sum(text, "siemforwarder_events_appended_total", "watched realm") + Sum(text, "siemforwarder_events_deduplicated_total", "watched realm"));

        Assert.Equal(1, Sum(text, "siemforwarder_events_set_aside_total", "watched siem"));
        Assert.Equal(1, Sum(text, "siemforwarder_events_filtered_total", "watched siem", "watched app"));
        Assert.Equal((3, 2, 1, 1), (
            Sum(text, "siemforwarder_requests_pushed_total", "watched app"), Sum(text, "siemforwarder_events_appended_total", "watched app"),
            Sum(text, "siemforwarder_events_deduplicated_total", "watched app"), Sum(text, "siemforwarder_events_rejected_total", "watched app")));
        Assert.InRange(Sum(text, "siemforwarder_events_delivered_total", "watched siem", "watched realm", "live"), 5, 100);
        Assert.InRange(Sum(text, "siemforwarder_source_retention_margin_seconds", "watched realm"), 86_000, 86_400);
        Assert.InRange(Sum(text, "siemforwarder_integration_retention_margin_seconds", "dead siem"), 7 * 86_400, 8 * 86_400);
        Assert.Equal(0, Sum(text, "siemforwarder_backlog_age_seconds", "watched siem"));
        Assert.InRange(Sum(text, "siemforwarder_backlog_size_bytes", "dead siem"), 1, 1e9);
        Assert.InRange(Sum(text, "siemforwarder_log_size_bytes"), 1, 1e9);
        Assert.InRange(Sum(text, "siemforwarder_delivery_latency_seconds_count", "watched siem"), 1, 100);
        Assert.Equal(0, Sum(text, "siemforwarder_loops_stalled"));
    }

    [Fact]
    public async Task SeriesEndWithTheirSourceOrIntegration()
    {
        await using var forwarder = await WatchedForwarder.StartAsync(postgres);
        await forwarder.ScrapeUntilAsync(text => text.Contains("siemforwarder_backlog_events{integration=\"dead siem\",source=\"watched realm\"}", StringComparison.Ordinal));

        foreach (var path in (string[])[$"integrations/{forwarder.Failing}", $"sources/{forwarder.Realm}?force=true"])
        {
            var deleted = await forwarder.Application.SendAsync(HttpMethod.Delete, $"/api/v1/{path}", ifMatch: "*");
            Assert.True((int)deleted.Status < 300, deleted.Text);
        }

        var after = await forwarder.ScrapeUntilAsync(text =>
            !text.Contains("\"dead siem\"", StringComparison.Ordinal) && !text.Contains("\"watched realm\"", StringComparison.Ordinal));
        Assert.Contains("siemforwarder_events_appended_total{source=\"watched app\"} 2", after, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AScraperThatAsksForOpenMetricsGetsIt()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/metrics");
        request.Headers.Accept.Add(MediaTypeWithQualityHeaderValue.Parse("application/openmetrics-text; version=1.0.0"));

        using var answer = await forwarder.Api.SendAsync(request, Token);
        using var plain = await forwarder.Api.GetAsync("/metrics", Token);

        Assert.Equal("application/openmetrics-text", answer.Content.Headers.ContentType!.MediaType);
        Assert.EndsWith("# EOF\n", await answer.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        Assert.Equal("text/plain", plain.Content.Headers.ContentType!.MediaType);
    }

    [Fact]
    public async Task ALoopThatHangsIsNamedAndTheServiceIsNotReady()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        using var before = await forwarder.Api.GetAsync("/health/ready", Token);
        var hanging = forwarder.Services.GetRequiredService<LoopGuard>().RunAsync(
            "does what a test asks", TimeSpan.FromMilliseconds(1), token => Task.Delay(Timeout.InfiniteTimeSpan, token), _ => Task.CompletedTask, stop.Token);

        HttpStatusCode status;
        string said;
        do
        {
            using var answer = await forwarder.Api.GetAsync("/health/ready", Token);
            (status, said) = (answer.StatusCode, await answer.Content.ReadAsStringAsync(Token));
        }
        while (status == HttpStatusCode.OK);

        await stop.CancelAsync();
        await hanging;
        using var after = await forwarder.Api.GetAsync("/health/ready", Token);
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.ServiceUnavailable, HttpStatusCode.OK), (before.StatusCode, status, after.StatusCode));
        Assert.Contains("\"loop\":\"does what a test asks\"", said, StringComparison.Ordinal);
        Assert.Contains("Its pass has lasted", said, StringComparison.Ordinal);
    }

    /// <summary>The values of a metric's series with all of these label values.</summary>
    private static List<double> Values(string text, string name, params string[] labels) =>
    [
        .. from line in text.Split('\n')
           where line.StartsWith(name + "{", StringComparison.Ordinal) || line.StartsWith(name + " ", StringComparison.Ordinal)
           where labels.All(label => line.Contains($"\"{label}\"", StringComparison.Ordinal))
           select double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture),
    ];

    private static double Sum(string text, string name, params string[] labels) => Values(text, name, labels).Sum();
}
