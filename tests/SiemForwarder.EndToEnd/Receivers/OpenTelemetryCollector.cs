using System.Text.Json;

namespace SiemForwarder.EndToEnd.Receivers;

/// <summary>A real OpenTelemetry Collector that writes every batch it understood as a line of OTLP/JSON.</summary>
public sealed class OpenTelemetryCollector() : StartedReceiver("otelcol")
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);

    public string Url => $"http://127.0.0.1:{Port}";

    /// <summary>Where it takes OTLP over gRPC.</summary>
    public string GrpcUrl => $"http://127.0.0.1:{Port + 1}";

    /// <summary>All records with this service name, as soon as there are so many.</summary>
    public async Task<IReadOnlyList<JsonElement>> ReadAsync(string serviceName, int count, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Look);
        IReadOnlyList<JsonElement> records;
        do
        {
            records = [.. Lines().SelectMany(line => line.GetProperty("resourceLogs").EnumerateArray())
                .Where(resource => resource.GetProperty("resource").GetRawText().Contains($"\"{serviceName}\"", StringComparison.Ordinal))
                .SelectMany(resource => resource.GetProperty("scopeLogs")[0].GetProperty("logRecords").EnumerateArray())];
        }
        while (records.Count < count && await timer.WaitForNextTickAsync(cancellationToken));
        return records;
    }

    protected override HttpRequestMessage Readiness() =>
        new(HttpMethod.Post, $"{Url}/v1/logs") { Content = new StringContent("{}", null, "application/json") };

    private IEnumerable<JsonElement> Lines()
    {
        var path = Path.Combine(Folder, "otlp.jsonl");
        if (!File.Exists(path))
        {
            return [];
        }

        using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        var text = reader.ReadToEnd();
        return [.. text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
    }
}
