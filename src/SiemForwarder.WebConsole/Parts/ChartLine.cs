using System.Text.Json.Nodes;

namespace SiemForwarder.WebConsole.Parts;

/// <summary>One line of a chart.</summary>
/// <param name="Name">What it shows.</param>
/// <param name="Class">Its colour: <c>a</c> or <c>b</c>.</param>
/// <param name="Values">A value for each time of the chart; null where there is none.</param>
public sealed record ChartLine(string Name, string Class, IReadOnlyList<double?> Values)
{
    /// <summary>Reads the line from the points of a history.</summary>
    public static ChartLine Of(string name, string letter, IReadOnlyList<JsonNode> points, Func<JsonNode, double?> value) =>
        new(name, letter, [.. points.Select(value)]);
}

/// <summary>Finds out how fast counts grow that are read again and again.</summary>
public sealed class GrowthRates
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(30);

    private readonly Dictionary<string, Queue<(DateTimeOffset At, long Count)>> known = [];

    /// <summary>Notes a count.</summary>
    public void Note(string name, DateTimeOffset at, long? count)
    {
        if (count is not { } number)
        {
            return;
        }

        if (!known.TryGetValue(name, out var counts))
        {
            known[name] = counts = [];
        }

        // A count that shrinks is another one, such as that of a log that began anew.
        if (counts.Count > 0 && counts.Last().Count > number)
        {
            counts.Clear();
        }

        counts.Enqueue((at, number));
        while (counts.Count > 2 && at - counts.Peek().At > Window)
        {
            counts.Dequeue();
        }
    }

    /// <summary>By how many it grows per second, in the last half a minute; null before it was read twice.</summary>
    public double? Of(string name)
    {
        if (!known.TryGetValue(name, out var counts) || counts.Count < 2)
        {
            return null;
        }

        var (first, last) = (counts.Peek(), counts.Last());
        var seconds = (last.At - first.At).TotalSeconds;
        return seconds > 0 ? (last.Count - first.Count) / seconds : null;
    }
}
