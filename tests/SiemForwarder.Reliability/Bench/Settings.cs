namespace SiemForwarder.Reliability.Bench;

/// <summary>Settings of the service under test: pauses so short that a run does not take hours.</summary>
internal static class Settings
{
    public static Dictionary<string, string> Quick(string connectionString) => new()
    {
        ["ConnectionStrings__Forwarder"] = connectionString,
        ["Forwarder__Dispatch__RetryDelay"] = "00:00:00.05",
        ["Forwarder__Dispatch__RoundPause"] = "00:00:00.2",
        ["Forwarder__Dispatch__MaxRoundPause"] = "00:00:01",
        ["Forwarder__Dispatch__ProbePause"] = "00:00:00.5",
        ["Forwarder__Engine__LeaseDuration"] = "00:00:02",
        ["Forwarder__Engine__LeaseInterval"] = "00:00:00.5",
        ["Serilog__MinimumLevel__Default"] = "Information",
    };

    /// <summary>The same as arguments of the host.</summary>
    public static string[] AsArguments(IReadOnlyDictionary<string, string> settings) =>
        [.. settings.Select(pair => $"--{pair.Key.Replace("__", ":", StringComparison.Ordinal)}={pair.Value}")];
}
