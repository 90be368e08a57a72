using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using SiemForwarder.WebConsole.Api;

namespace SiemForwarder.WebConsole.Parts;

/// <summary>How rules and event types of the API are told on a page.</summary>
internal static class RuleWording
{
    private static readonly string[] Levels = ["informational", "low", "medium", "high", "critical"];

    /// <summary>Class of the badge of a state.</summary>
    public static string Class(string? state) => state switch { "Running" or "Watched" => "good", "Error" or "Blind" => "bad", "Off" => "off", _ => "open" };

    /// <summary>Why a file does not run as it should, each reason once.</summary>
    public static IEnumerable<string> Reasons(JsonNode file) =>
        file.Items("findings").Concat(file.Items("rules").SelectMany(rule => rule.Items("reasons"))).Select(reason => reason.Texts() ?? "").Distinct();

    /// <summary>The highest level of the rules that alert.</summary>
    public static string? Level(JsonNode file) =>
        file.Items("rules").Where(rule => rule.Flag("reports")).Select(rule => rule.Text("level")).MaxBy(level => Array.IndexOf(Levels, level));

    public static string Techniques(JsonNode file) =>
        string.Join(' ', file.Items("rules").SelectMany(rule => rule.Items("techniques")).Select(technique => technique.Texts()).Distinct());

    /// <summary>What the author of a file should look at, each once.</summary>
    public static IEnumerable<string> Hints(JsonNode file) =>
        file.Items("rules").SelectMany(rule => rule.Items("hints")).Select(hint => hint.Texts() ?? "").Distinct();

    /// <summary>How often the rules of a file held.</summary>
    public static long Hits(JsonNode file) => file.Items("rules").Sum(rule => rule.Number("hits") ?? 0);

    /// <summary>What rules cost together for an event that they are asked about, in microseconds; a dash where nothing is measured.</summary>
    public static string Cost(IEnumerable<JsonNode> rules)
    {
        var costs = rules.Select(rule => rule["microsecondsPerEvent"]).OfType<JsonValue>().Select(cost => cost.GetValue<JsonElement>().GetDouble()).ToList();
        return costs.Count == 0 ? "–" : costs.Sum().ToString("0.0", CultureInfo.InvariantCulture);
    }

    /// <summary>The categories of event types.</summary>
    public static IReadOnlyList<string> CategoriesOf(IEnumerable<JsonNode> types) =>
        [.. types.Select(one => one.Text("category") ?? "").Where(one => one.Length > 0).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>The values that an alert is about: <c>ip 192.0.2.7, realm acme</c>.</summary>
    public static string Group(JsonNode alert) =>
        alert["group"] is JsonObject group ? string.Join(", ", group.Select(one => $"{one.Key} {one.Value.Texts()}")) : "";
}
