using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text.Json.Nodes;
using SiemForwarder.Connections;
using SiemForwarder.Events;

namespace SiemForwarder.Service.Commands.Client;

/// <summary>The command <c>rehearse</c>: pretends an attack through one integration, to see that the rule of the SIEM fires.</summary>
internal static class RehearseCommand
{
    private static readonly Argument<string?> Scenario = new("scenario")
    {
        Description = "What to pretend; without it, the scenarios are listed.", Arity = ArgumentArity.ZeroOrOne, Validators = { CheckName },
    };

    private static readonly Option<string?> Integration = new("--integration", "-i") { Description = "Name or id of the integration.", HelpName = "NAME" };
    private static readonly Option<string?> Source = new("--source")
    {
        Description = "Source that the events claim to be of; the first of the integration by default.", HelpName = "SOURCE",
    };

    private static readonly Option<bool> Bytes = new("--bytes") { Description = "Shows the formatted events that were sent as well." };

    public static ClientCommand Rehearse { get; } = new(
        "rehearse", "Sends marked events of a pretended attack through one integration, to see that the SIEM's rule fires.", """
            siemforwarder rehearse
            siemforwarder rehearse brute-force --integration siem
            siemforwarder rehearse role-granted -i siem --source acme --bytes
            """, [ExitCodes.NotWell],
            RunAsync, Scenario, Integration, Source, Bytes);

    // Before a key is asked for: a name that no engine knows needs none.
    private static void CheckName(ArgumentResult argument)
    {
        if (argument.Tokens is [var named] && !RehearsalMark.Scenarios.Contains(named.Value, StringComparer.OrdinalIgnoreCase))
        {
            argument.AddError($"'{named.Value}' is no scenario. Name one of: {string.Join(", ", RehearsalMark.Scenarios)}.");
        }
    }

    private static async Task<int> RunAsync(ParseResult result, HttpClient api, CommandOutput output, CancellationToken cancellationToken)
    {
        if (result.GetValue(Scenario) is not { } scenario)
        {
            await ListAsync(api, output, cancellationToken);
            return ExitCodes.Done;
        }

        var named = result.GetValue(Integration) ?? throw new CommandFaultException("Say through which integration: --integration NAME.");
        var integration = await api.FindAsync("integrations", named, cancellationToken);
        var request = new JsonObject { ["scenario"] = scenario };
        if (result.GetValue(Source) is { } source)
        {
            request["source"] = (await api.FindAsync("sources", source, cancellationToken))["id"]!.DeepClone();
        }

        var rehearsal = await api.OrderAsync($"api/v1/integrations/{integration["id"]}/rehearsals", request, cancellationToken);
        var code = (bool)rehearsal["succeeded"]! ? ExitCodes.Done : ExitCodes.NotWell;
        if (output.IsJson)
        {
            await output.WriteJsonAsync(rehearsal);
            return code;
        }

        await WriteAsync(rehearsal, (string)integration["name"]!, result.GetValue(Bytes), output);
        return code;
    }

    private static async Task ListAsync(HttpClient api, CommandOutput output, CancellationToken cancellationToken)
    {
        var scenarios = await api.ListAsync("api/v1/rehearsal-scenarios", cancellationToken);
        await output.WriteAsync(
            new JsonArray([.. scenarios]), ["SCENARIO", "EVENTS", "TYPES", "WHAT IT PRETENDS"],
            scenarios.Select(one => (IReadOnlyList<JsonNode?>)
            [
                one["name"], one["events"], string.Join(", ", one["types"]!.AsArray().Select(type => type!.ToString())), one["description"],
            ]));
    }

    private static async Task WriteAsync(JsonObject rehearsal, string integration, bool withBytes, CommandOutput output)
    {
        var events = rehearsal["events"]!.AsArray();
        if (events.Count > 0)
        {
            await output.WriteTableAsync(
                ["TIME (UTC)", "TYPE", "USER", "ADDRESS", "STATE", "WHY"],
                events.Select(one => (IReadOnlyList<JsonNode?>)
                [
                    ShownValue.Instant(one!["occurredAt"]), one["type"], one["user"], one["ipAddress"], one["state"], one["explanation"],
                ]));
            await output.WriteLineAsync();
        }

        if (withBytes)
        {
            foreach (var line in rehearsal["sent"]!.ToString().Split('\n').Where(line => line.Length > 0))
            {
                await output.WriteLineAsync(line);
            }

            await output.WriteLineAsync();
        }

        var accepted = events.Count(one => (string?)one!["state"] == "accepted");
        var answer = rehearsal["answer"] is { } given ? $" ({OneLine.Of(given.ToString())})" : "";
        await output.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"{accepted} of {events.Count} events of source '{rehearsal["source"]}' are accepted by the destination of '{integration}'{answer}."));
        if (rehearsal["fault"] is { } fault)
        {
            await output.WriteLineAsync($"! {fault}");
        }

        if (accepted > 0)
        {
            await output.WriteLineAsync($"Look for rehearsal_id {rehearsal["id"]} in the SIEM, and for the alert of its rule.");
        }
    }
}
