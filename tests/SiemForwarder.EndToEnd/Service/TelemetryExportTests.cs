using System.Text;
using System.Text.Json.Nodes;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Service.Storage.Private;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Service;

/// <summary>Metrics, traces and the log leave the service where an operator set an endpoint, and only there.</summary>
public sealed class TelemetryExportTests(TestPostgres postgres)
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task MetricsTracesAndLogsGoToTheEndpointOfTheStandardVariables()
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bound.CancelAfter(Bound);
        await using var collector = HttpReceiver.Start(new HttpReply(200));
        await using (var forwarder = await WatchedForwarder.StartAsync(
            postgres, $"--OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:{collector.Port}", "--OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
            "--OTEL_METRIC_EXPORT_INTERVAL=300", "--OTEL_BSP_SCHEDULE_DELAY=200", "--OTEL_BLRP_SCHEDULE_DELAY=200", "--OTEL_SERVICE_NAME=forwarder-of-a-test",
            "--Serilog:MinimumLevel:Default=Warning"))
        {
            await UntilEmptyAsync(() => Missing(collector, "/v1/traces", "poll", "append", "deliver", "read", "format", "send", "checkpoint", "GET", "watched siem", "watched realm"), bound.Token);
            await UntilEmptyAsync(() => Missing(collector, "/v1/metrics", "siemforwarder.backlog.events", "siemforwarder.delivery.latency", "dotnet.gc.collections", "db.client"), bound.Token);
            await UntilEmptyAsync(() => Missing(collector, "/v1/logs", "round failed", "dead siem"), bound.Token);
            Assert.Contains("trace_id=\"", await OpenMetricsAsync(forwarder, bound.Token), StringComparison.Ordinal);
        }

        Assert.Empty(Missing(collector, "/v1/traces", "forwarder-of-a-test"));
        // What an integration or a server is asked for stays out: addresses may hold secrets, and queries users.
        Assert.DoesNotContain(collector.Requests.Where(request => request.RequestLine.Contains("/v1/traces", StringComparison.Ordinal)),
            request => Text(request).Contains("/realms/", StringComparison.Ordinal) || Text(request).Contains("poison", StringComparison.Ordinal));
    }

    [Fact]
    public async Task OneSignalAloneIsExportedWhereOnlyItHasAnEndpoint()
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bound.CancelAfter(Bound);
        await using var collector = HttpReceiver.Start(new HttpReply(200));
        await using var forwarder = await ForwarderApplication.StartAsync(
            postgres, $"--OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=http://127.0.0.1:{collector.Port}/v1/metrics", "--OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
            "--OTEL_METRIC_EXPORT_INTERVAL=200");

        await collector.WaitForRequestsAsync(3, bound.Token);

        Assert.All(collector.Requests, request => Assert.StartsWith("POST /v1/metrics ", request.RequestLine, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("true", null, true)]
    [InlineData("true", "text", false)]
    [InlineData(null, "json", true)]
    public async Task TheLogIsJsonInAContainerOrWhereItIsAskedFor(string? container, string? format, bool isJson)
    {
        Assert.SkipWhen(PostgresPrograms.FindFolder() is null, "no PostgreSQL programs on this machine");
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bound.CancelAfter(Bound);
        var settings = new Dictionary<string, string> { ["DOTNET_RUNNING_IN_CONTAINER"] = container ?? "" };
        if (format is not null)
        {
            settings["Forwarder__Log__Format"] = format;
        }

        await using var forwarder = new ForwarderProcess(ForwarderProcess.NewFolder(), settings);
        await forwarder.StartAsync(bound.Token);

        var line = forwarder.Output.Split('\n').First(one => one.Contains("Events are stored in", StringComparison.Ordinal));
        Assert.Equal(isJson, line.StartsWith("{\"@t\":", StringComparison.Ordinal) && JsonNode.Parse(line)!["Database"] is not null);
    }

    private static async Task<string> OpenMetricsAsync(WatchedForwarder forwarder, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/metrics");
        request.Headers.TryAddWithoutValidation("Accept", "application/openmetrics-text; version=1.0.0");
        using var answer = await forwarder.Application.Api.SendAsync(request, cancellationToken);
        return await answer.Content.ReadAsStringAsync(cancellationToken);
    }

    private static List<string> Missing(HttpReceiver collector, string path, params string[] words)
    {
        var texts = collector.Requests.Where(request => request.RequestLine.Contains(path, StringComparison.Ordinal)).Select(Text).ToList();
        return [.. words.Where(word => !texts.Exists(text => text.Contains(word, StringComparison.Ordinal)))];
    }

    // Protobuf holds text as it is.
    private static string Text(ReceivedRequest request) => Encoding.UTF8.GetString(request.PlainBody);

    private static async Task UntilEmptyAsync(Func<List<string>> find, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        var missing = find();
        try
        {
            for (; missing.Count > 0; missing = find())
            {
                await timer.WaitForNextTickAsync(cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"Not exported: {string.Join(", ", missing)}");
        }
    }
}
