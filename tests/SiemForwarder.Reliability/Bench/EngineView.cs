using System.Globalization;
using SiemForwarder.EndToEnd.Support;

namespace SiemForwarder.Reliability.Bench;

/// <summary>What one engine says of itself and of the others.</summary>
internal static class EngineView
{
    /// <summary>How many integrations the engine of that name holds, as another engine sees it.</summary>
    public static async Task<int> HeldByAsync(ForwarderProcess asked, string name, CancellationToken cancellationToken) =>
        (await asked.GetAsync("/api/v1/engines", cancellationToken))["items"]!.AsArray()
            .Where(one => one!["name"]!.GetValue<string>() == name).Sum(one => one!["integrations"]!.AsArray().Count);

    /// <summary>How many events this process delivered since it started.</summary>
    public static async Task<long> DeliveredAsync(ForwarderProcess engine, CancellationToken cancellationToken)
    {
        var metrics = await engine.Api.GetStringAsync("/metrics", cancellationToken);
        return metrics.Split('\n').Where(line => line.StartsWith("siemforwarder_events_delivered_total", StringComparison.Ordinal))
            .Sum(line => long.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
    }
}
