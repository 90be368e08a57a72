using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using SiemForwarder.Connections;

namespace SiemForwarder.Service.Commands.Client;

/// <summary>Where a command tells what it found: tables for people, JSON for programs, progress on terminals alone.</summary>
/// <param name="Output">For the result.</param>
/// <param name="Error">For faults and progress.</param>
/// <param name="IsJson">Whether the result is JSON.</param>
/// <param name="IsTerminal">Whether somebody watches.</param>
internal sealed record CommandOutput(TextWriter Output, TextWriter Error, bool IsJson, bool IsTerminal)
{
    private const int MaxCell = 120;
    private const int BarWidth = 30;

    private static readonly JsonSerializerOptions Readable = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Writes a value as JSON.</summary>
    public Task WriteJsonAsync(object value) => Output.WriteLineAsync(JsonSerializer.Serialize(value, Readable));

    /// <summary>Writes rows below their heads, or the value as JSON where that is asked for.</summary>
    public async Task WriteAsync(JsonNode value, IReadOnlyList<string> heads, IEnumerable<IReadOnlyList<JsonNode?>> rows)
    {
        if (IsJson)
        {
            await WriteJsonAsync(value);
            return;
        }

        List<string[]> lines = [[.. heads], .. rows.Select(row => row.Select(cell => OneLine.Of(cell?.ToString() ?? "", MaxCell)).ToArray())];
        var widths = heads.Select((_, column) => lines.Max(line => line[column].Length)).ToArray();
        foreach (var line in lines)
        {
            await Output.WriteLineAsync(string.Join("  ", line.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
        }
    }

    /// <summary>Shows how far something is; nothing where nobody watches.</summary>
    /// <param name="percent">0 to 100.</param>
    /// <param name="text">What stands beside the bar.</param>
    public async Task ShowProgressAsync(double percent, string text)
    {
        if (IsTerminal)
        {
            var filled = (int)(Math.Clamp(percent, 0, 100) / 100 * BarWidth);
            await Error.WriteAsync($"\r[{new string('#', filled)}{new string('.', BarWidth - filled)}] {percent,5:F1} % {text}\u001B[K");
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
}
