using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;

namespace SiemForwarder.Service.Commands.Client;

/// <summary>The commands <c>test</c> and <c>check</c>: whether a destination or a source works, stage by stage.</summary>
internal static class TestCommand
{
    private static readonly Argument<string> Integration = new("integration") { Description = "Name or id of an integration." };
    private static readonly Argument<string> Source = new("source") { Description = "Name or id of a source." };
    private static readonly Option<bool> Bytes = new("--bytes") { Description = "Shows what was sent and what the destination answered as well." };
    private static readonly Option<bool> Strict = new("--strict") { Description = $"Ends with {ExitCodes.NotWell} for warnings as well." };

    public static ClientCommand Test { get; } = new(
        "test", "Sends a marked event to the destination of an integration, and shows each stage.", """
            siemforwarder test siem
            siemforwarder test siem --bytes
            """, [ExitCodes.NotWell],
            TestAsync, Integration, Bytes);

    public static ClientCommand Check { get; } = new(
        "check", "Checks a source (server, token, role, event settings, clock) and says how each finding is fixed.", """
            siemforwarder check acme
            siemforwarder check acme --strict --output json
            """, [ExitCodes.NotWell],
            CheckAsync, Source, Strict);

    private static async Task<int> TestAsync(ParseResult result, HttpClient api, CommandOutput output, CancellationToken cancellationToken)
    {
        var integration = await api.FindAsync("integrations", result.GetValue(Integration)!, cancellationToken);
        var report = await api.OrderAsync($"api/v1/integrations/{integration["id"]}/test", null, cancellationToken);
        var code = (bool)report["succeeded"]! ? ExitCodes.Done : ExitCodes.NotWell;
        if (output.IsJson)
        {
            await output.WriteJsonAsync(report);
            return code;
        }

        await WriteFindingsAsync(
            output, report["stages"]!.AsArray(),
            stage => (string?)stage["result"] == "skipped" ? "" : string.Create(CultureInfo.InvariantCulture, $" ({(double)stage["milliseconds"]!:0.#} ms)"));
        if (result.GetValue(Bytes))
        {
            foreach (var (head, text) in new[] { ("Sent", report["sent"]!.ToString()), ("Received", report["received"]!.ToString()) })
            {
                await output.WriteLineAsync();
                await output.WriteLineAsync($"{head}{(text.Length == 0 ? ": nothing" : ":")}");
                foreach (var line in text.Length == 0 ? [] : text.Split('\n'))
                {
                    await output.WriteLineAsync(line);
                }
            }
        }

        await output.WriteLineAsync();
        await output.WriteLineAsync(code == ExitCodes.Done
            ? $"The test of '{integration["name"]}' passed: engine {report["engine"]} sent the event {report["eventId"]}. Look for it in the SIEM."
            : $"The test of '{integration["name"]}' failed on engine {report["engine"]}: see the stage that failed.");
        return code;
    }

    private static async Task<int> CheckAsync(ParseResult result, HttpClient api, CommandOutput output, CancellationToken cancellationToken)
    {
        var source = await api.FindAsync("sources", result.GetValue(Source)!, cancellationToken);
        var report = await api.OrderAsync($"api/v1/sources/{source["id"]}/check", null, cancellationToken);
        var results = report["items"]!.AsArray().CountBy(item => (string)item!["result"]!).ToDictionary();
        var (failed, warned) = (results.GetValueOrDefault("failed"), results.GetValueOrDefault("warning"));
        if (output.IsJson)
        {
            await output.WriteJsonAsync(report);
        }
        else
        {
            await WriteFindingsAsync(output, report["items"]!.AsArray(), _ => "");
            await output.WriteLineAsync();
            await output.WriteLineAsync(failed + warned == 0
                ? $"The check of '{source["name"]}' found nothing to change."
                : $"The check of '{source["name"]}' found {ShownValue.Count(failed, "fault")} and {ShownValue.Count(warned, "warning")}.");
        }

        return failed > 0 || (warned > 0 && result.GetValue(Strict)) ? ExitCodes.NotWell : ExitCodes.Done;
    }

    // No table, since these sentences have to be read as a whole.
    private static async Task WriteFindingsAsync(CommandOutput output, JsonArray findings, Func<JsonNode, string> addition)
    {
        var (results, names) = (findings.Max(one => one!["result"]!.ToString().Length), findings.Max(one => one!["name"]!.ToString().Length));
        foreach (var one in findings)
        {
            var (outcome, name) = (one!["result"]!.ToString().PadRight(results), one["name"]!.ToString().PadRight(names));
            await output.WriteLineAsync($"{outcome}  {name}  {one["detail"]}{addition(one)}");
            if (one["advice"] is { } advice)
            {
                // Aligned by characters that no one strips, and under what it answers.
                await output.Output.WriteAsync(new string(' ', results + names + 4));
                await output.WriteLineAsync($"-> {advice}");
            }
        }
    }
}
