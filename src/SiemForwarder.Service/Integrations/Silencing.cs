using System.Text.Json.Nodes;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Integrations;

/// <summary>Tells whether a change of an integration takes something away from the destination that got its events so far.</summary>
internal static class Silencing
{
    private static readonly string[] Sides = ["include", "exclude"];

    /// <summary>Whether an integration that was sending is gone, disabled, sends elsewhere, or may send less than before.</summary>
    /// <param name="before">As it was.</param>
    /// <param name="after">As it is to be; null where it is to be deleted.</param>
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

    // Whether one filter lets through all that another does cannot be said of every pair: any change counts, but for one that takes a side away.
    private static bool IsNarrowed(JsonNode before, JsonNode after)
    {
        var isFilter = Sides.Any(side => after["filter"]?[side] is { } now && !JsonNode.DeepEquals(before["filter"]?[side], now));
        var (had, has) = (Sources(before), Sources(after));
        return isFilter || (has.Count > 0 && (had.Count == 0 || had.Except(has).Any()));
    }

    private static HashSet<string> Sources(JsonNode definition) => [.. definition["sources"]?.AsArray().Select(one => one!.ToJsonString()) ?? []];
}
