using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using SiemForwarder.Connections;

namespace SiemForwarder.Service.Commands.Client;

/// <summary>Where a command tells what it found: tables for people, JSON for programs, progress on terminals alone.</summary>
/// <param name="Output">For the result.</param>
/// <param name="Error">For faults and progress.</param>
/// <param name="IsJson">Whether the result is JSON.</param>
/// <param name="IsTerminal">Whether somebody watches the progress.</param>
/// <param name="IsScreen">Whether the result goes to a terminal, which can be cleared.</param>
internal sealed partial record CommandOutput(TextWriter Output, TextWriter Error, bool IsJson, bool IsTerminal, bool IsScreen)
{
    private const int MaxCell = 120;
    private const int MaxLine = 2000;
    private const int BarWidth = 30;
    private const int MaxBeside = 100;

    private static readonly JsonSerializerOptions Readable = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static readonly JsonSerializerOptions OnOneLine = new(Readable) { WriteIndented = false };

    /// <summary>Writes a value as JSON, without a character that could control a terminal.</summary>
    public Task WriteJsonAsync(object value) => Output.WriteLineAsync(Escape(JsonSerializer.Serialize(value, Readable)));

    /// <summary>Writes a value as one line of JSON.</summary>
    public Task WriteJsonLineAsync(object value) => Output.WriteLineAsync(Escape(JsonSerializer.Serialize(value, OnOneLine)));

    /// <summary>Writes a line of the result, without a character that could control a terminal.</summary>
    public Task WriteLineAsync(string text = "") => Output.WriteLineAsync(OneLine.Of(text, MaxLine));

    /// <summary>Tells a fault or a note beside the result, without a character that could control a terminal.</summary>
    public Task TellAsync(string text) => Error.WriteLineAsync(OneLine.Of(text, MaxLine));

    /// <summary>Empties the screen, where the result goes to one.</summary>
    public Task ClearAsync() => IsScreen ? Output.WriteAsync("\u001B[H\u001B[2J") : Output.WriteLineAsync();

    /// <summary>Writes rows below their heads, or the value as JSON where that is asked for.</summary>
    public async Task WriteAsync(JsonNode value, IReadOnlyList<string> heads, IEnumerable<IReadOnlyList<JsonNode?>> rows)
    {
        if (IsJson)
        {
            await WriteJsonAsync(value);
            return;
        }

        await WriteTableAsync(heads, rows);
    }

    /// <summary>Writes rows below their heads.</summary>
    public async Task WriteTableAsync(IReadOnlyList<string> heads, IEnumerable<IReadOnlyList<JsonNode?>> rows)
    {
        List<string[]> lines = [[.. heads], .. rows.Select(Cells)];
        var widths = heads.Select((_, column) => lines.Max(line => line[column].Length)).ToArray();
        foreach (var line in lines)
        {
            await WriteCellsAsync(line, widths);
        }
    }

    /// <summary>Writes one row, in columns of at least these widths, for rows that come one by one.</summary>
    public Task WriteRowAsync(IReadOnlyList<JsonNode?> row, IReadOnlyList<int> widths) => WriteCellsAsync(Cells(row), widths);

    private Task WriteCellsAsync(string[] cells, IReadOnlyList<int> widths) =>
        Output.WriteLineAsync(string.Join("  ", cells.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());

    // Two spaces separate columns, so no cell may have them: what somebody typed must not look like a column of its own.
    private static string[] Cells(IReadOnlyList<JsonNode?> row) =>
        [.. row.Select(cell => Spaces().Replace(OneLine.Of(cell?.ToString() ?? "", MaxCell), " "))];

    [GeneratedRegex(@"\s+", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Spaces();

    /// <summary>Shows how far something is; nothing where nobody watches.</summary>
    /// <param name="percent">0 to 100.</param>
    /// <param name="text">What stands beside the bar.</param>
    public async Task ShowProgressAsync(double percent, string text)
    {
        if (IsTerminal)
        {
            var filled = (int)(Math.Clamp(percent, 0, 100) / 100 * BarWidth);
            await Error.WriteAsync($"\r[{new string('#', filled)}{new string('.', BarWidth - filled)}] {percent,5:F1} % {OneLine.Of(text, MaxBeside)}\u001B[K");
        }
    }

    /// <summary>Ends the line of the progress.</summary>
    public async Task EndProgressAsync()
    {
        if (IsTerminal)
        {
            await Error.WriteLineAsync();
        }
    }

    // Only line ends are structure in JSON; what else breaks a line stands inside of a text.
    private static string Escape(string json)
    {
        var text = new StringBuilder(json.Length);
        foreach (var character in json)
        {
            if (character != '\n' && OneLine.Breaks(character))
            {
                text.Append($"\\u{(int)character:X4}");
            }
            else
            {
                text.Append(character);
            }
        }

        return text.ToString();
    }
}

/// <summary>How commands write times and amounts for people.</summary>
internal static class ShownValue
{
    /// <summary>An instant of the API, in UTC to the second; empty if there is none.</summary>
    public static string Instant(JsonNode? at) => at is null ? "" : UtcText.Second(at.GetValue<DateTimeOffset>());

    /// <summary>An instant of the API, in UTC to the millisecond.</summary>
    public static string Millisecond(JsonNode? at) =>
        at?.GetValue<DateTimeOffset>().UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.fff", CultureInfo.InvariantCulture) ?? "";

    /// <summary>How long ago an instant of the API is: <c>12 s</c>, <c>3 min</c>, <c>2 h 5 min</c>, <c>4 d 3 h</c>; empty if there is none.</summary>
    public static string Age(JsonNode? at, DateTimeOffset now) => at is null ? "" : Duration(now - at.GetValue<DateTimeOffset>());

    /// <summary>A duration, as <see cref="Age"/> writes it.</summary>
    public static string Duration(TimeSpan span) => span switch
    {
        { TotalSeconds: < 1 } => "0 s",
        { TotalMinutes: < 1 } => $"{span.Seconds} s",
        { TotalHours: < 1 } => $"{span.Minutes} min",
        { TotalDays: < 1 } => $"{span.Hours} h {span.Minutes} min",
        _ => $"{span.Days} d {span.Hours} h",
    };

    /// <summary>An amount with its unit: <c>1 event</c>, <c>20 events</c>.</summary>
    public static string Count(long count, string unit) => CountText.Of(count, unit);
}
