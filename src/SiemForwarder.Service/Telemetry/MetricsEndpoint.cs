using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace SiemForwarder.Service.Telemetry;

/// <summary>The counters of the service in the Prometheus text format (version 0.0.4).</summary>
internal sealed class MetricsEndpoint : IDisposable
{
    private readonly MeterListener listener = new();
    private readonly ConcurrentDictionary<(string Name, string Labels), long> values = new();
    private readonly ConcurrentDictionary<string, string> descriptions = new();

    public MetricsEndpoint()
    {
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter.Name == ForwarderTelemetry.MeterName)
            {
                descriptions[instrument.Name] = instrument.Description ?? string.Empty;
                self.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
            values.AddOrUpdate((instrument.Name, Labels(tags)), value, (_, known) => known + value));
        listener.Start();
    }

    /// <summary>All counters with a value, sorted by name.</summary>
    public string Write()
    {
        var text = new StringBuilder();
        foreach (var metric in values.OrderBy(pair => pair.Key).GroupBy(pair => pair.Key.Name))
        {
            var name = metric.Key.Replace('.', '_') + "_total";
            text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {descriptions.GetValueOrDefault(metric.Key)}\n# TYPE {name} counter\n");
            foreach (var ((_, labels), value) in metric)
            {
                text.Append(CultureInfo.InvariantCulture, $"{name}{labels} {value}\n");
            }
        }

        return text.ToString();
    }

    public void Dispose() => listener.Dispose();

    private static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.IsEmpty)
        {
            return string.Empty;
        }

        var labels = new List<string>();
        foreach (var (name, value) in tags)
        {
            labels.Add($"{name}=\"{Escaped(value?.ToString() ?? string.Empty)}\"");
        }

        return $"{{{string.Join(',', labels)}}}";
    }

    private static string Escaped(string value) => value
        .Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
}
