using System.Text.Json.Nodes;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Integrations;

/// <summary>Determines whether a change to an integration withholds events from its current destination.</summary>
internal static class Silencing
{
    private static readonly string[] Sides = ["include", "exclude"];

    /// <summary>Whether an active integration is deleted, disabled, redirected, or may send less than before.</summary>
    /// <param name="before">The integration before the change.</param>
    /// <param name="after">The integration after the change; null if it is deleted.</param>
    public static bool IsDue(Integration before, Integration? after)
    {
        if (!before.Enabled)
        {
            return false;
        }

        if (after is not { Enabled: true } || after.Destination != before.Destination || after.ServerUrl != before.ServerUrl)
        {
            return true;
        }

        var (had, has) = (JsonNode.Parse(before.Definition)!, JsonNode.Parse(after.Definition)!);
        return !JsonNode.DeepEquals(had["port"], has["port"]) || IsNarrowed(had, has);
    }

    // Whether one filter passes everything that another does is not always decidable: any change counts, except removing a side.
    private static bool IsNarrowed(JsonNode before, JsonNode after)
    {
        var isFilter = Sides.Any(side => after["filter"]?[side] is { } now && !JsonNode.DeepEquals(before["filter"]?[side], now));
        var (had, has) = (Sources(before), Sources(after));
        return isFilter || (has.Count > 0 && (had.Count == 0 || had.Except(has).Any()));
    }

    private static HashSet<string> Sources(JsonNode definition) => [.. definition["sources"]?.AsArray().Select(one => one!.ToJsonString()) ?? []];
}
