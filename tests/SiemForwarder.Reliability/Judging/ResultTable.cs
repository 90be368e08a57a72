using System.Globalization;
using System.Text;

namespace SiemForwarder.Reliability.Judging;

/// <summary>The rows of a run as a table that people and Markdown can read.</summary>
internal static class ResultTable
{
    private const string Head =
        "| scenario | issued | stored | acknowledged | received distinct | duplicates (at most) | set aside | lost | oldest age | what was seen |\n"
        + "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n";

    public static string Of(IEnumerable<Row> rows)
    {
        var table = new StringBuilder(Head);
        foreach (var row in rows)
        {
            table.Append(Line(row)).Append('\n');
        }

        return table.ToString();
    }

    public static string Line(Row row) => string.Create(
        CultureInfo.InvariantCulture,
        $"| {row.Scenario} | {row.Issued} | {row.Stored} | {row.Acknowledged} | {row.Received} | {row.Duplicates} ({row.Bound}) | {row.SetAside} | {row.Lost} | {Age(row.OldestAge)} | {row.Seen} |");

    private static string Age(TimeSpan age) => age switch
    {
        { TotalHours: >= 1 } => string.Create(CultureInfo.InvariantCulture, $"{age.TotalHours:0.0} h"),
        { TotalMinutes: >= 2 } => string.Create(CultureInfo.InvariantCulture, $"{age.TotalMinutes:0.0} min"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{age.TotalSeconds:0.0} s"),
    };
}
