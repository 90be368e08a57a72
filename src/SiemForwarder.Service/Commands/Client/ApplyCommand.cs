using System.CommandLine;
using System.Text.Json;
using SiemForwarder.Connections;
using SiemForwarder.Service.Configuration;
using SiemForwarder.Service.Configuration.Files;

namespace SiemForwarder.Service.Commands.Client;

/// <summary>The commands <c>apply</c> and <c>export</c>: the configuration as a file.</summary>
internal static class ApplyCommand
{
    private const int MaxValue = 60;

    private static readonly Option<string> FileOption = new("--file", "-f")
    {
        Description = "Configuration file, or a folder of them.", Required = true, HelpName = "FILE",
    };

    private static readonly Option<bool> DryRun = new("--dry-run")
    {
        Description = "Shows the plan and changes nothing; a key that may read settings is enough, for roles one of an auditor.",
    };

    private static readonly Option<bool> Prune = new("--prune") { Description = "Deletes what the file manages and no longer names." };
    private static readonly Option<bool> ExitCode = new("--exit-code")
    {
        Description = $"With --dry-run: ends with {ExitCodes.Differs} where something would change.",
    };

    private static readonly Option<string?> Target = new("--file", "-f") { Description = "File to write; standard output by default.", HelpName = "FILE" };
    private static readonly Option<string?> NameOption = new("--name") { Description = "Name of the configuration to write into the file.", HelpName = "NAME" };

    public static ClientCommand Apply { get; } = new(
        "apply", "Brings the service to what a configuration file declares, and shows the plan first.", """
            siemforwarder apply -f forwarder.yaml --dry-run
            siemforwarder apply -f forwarder.yaml
            siemforwarder apply -f forwarder.d --prune --url https://siem-forwarder.example.com --key-file /run/secrets/key
            """, [ExitCodes.Differs, ExitCodes.Waits],
            RunAsync, FileOption, DryRun, Prune, ExitCode);

    public static ClientCommand Export { get; } = new(
        "export", "Writes what the service holds as a configuration file; secrets by where they are kept.", """
            siemforwarder export
            siemforwarder export -f forwarder.yaml
            """, [], ExportAsync, Target, NameOption);

    private static async Task<int> RunAsync(ParseResult result, HttpClient api, CommandOutput output, CancellationToken cancellationToken)
    {
        var declared = ConfigurationReader.Read(result.GetValue(FileOption)!);
        var apply = new ConfigurationApply(api);
        var (plan, faults) = await apply.PlanAsync(declared, result.GetValue(Prune), cancellationToken);
        if (faults.Count > 0)
        {
            await TellFaultsAsync(faults, output);
            return ExitCodes.Unusable;
        }

        if (!output.IsJson)
        {
            await WritePlanAsync(declared, plan, output.Output);
        }

        if (result.GetValue(DryRun))
        {
            if (output.IsJson)
            {
                await output.WriteJsonAsync(new { plan, applied = Array.Empty<object>() });
            }

            return result.GetValue(ExitCode) && plan.Changes.Any(change => change.Action != PlannedChange.None) ? ExitCodes.Differs : ExitCodes.Done;
        }

        var applied = new List<AppliedChange>();
        await foreach (var one in apply.RunAsync(declared, plan, cancellationToken))
        {
            applied.Add(one);
            if (one.Result == AppliedChange.Refused)
            {
                await output.Error.WriteLineAsync($"{DeclaredConfiguration.Describe(one.Change.Kind, one.Change.Name)} is refused: {one.Sentence}");
            }
            else if (one.Result == AppliedChange.Waits)
            {
                await output.Error.WriteLineAsync($"{DeclaredConfiguration.Describe(one.Change.Kind, one.Change.Name)} waits: {one.Sentence}");
            }
        }

        if (output.IsJson)
        {
            await output.WriteJsonAsync(new { plan, applied });
        }
        else if (applied.Count > 0)
        {
            await output.Output.WriteLineAsync(
                $"Applied: {applied.Count(one => one.Result == AppliedChange.Done)} of {applied.Count} changes are made.");
        }

        return applied.Any(one => one.Result == AppliedChange.Refused) ? ExitCodes.Refused
            : applied.Any(one => one.Result == AppliedChange.Waits) || plan.Changes.Any(change => change.Action == PlannedChange.Wait) ? ExitCodes.Waits
            : ExitCodes.Done;
    }

    private static async Task<int> ExportAsync(ParseResult result, HttpClient api, CommandOutput output, CancellationToken cancellationToken)
    {
        var configuration = await api.AskAsync("api/v1/configuration", cancellationToken);
        if (result.GetValue(NameOption) is { } name && !Api.Provenance.IsName(name))
        {
            throw new CommandFaultException("--name takes letters, digits, spaces, dots, dashes and underscores.");
        }

        if (result.GetValue(NameOption) is { } given)
        {
            configuration.Insert(0, "name", given);
        }

        var text = output.IsJson
            ? configuration.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n"
            : ConfigurationWriter.Write(configuration);
        if (result.GetValue(Target) is not { } file)
        {
            await output.Output.WriteAsync(text);
            return ExitCodes.Done;
        }

        try
        {
            await File.WriteAllTextAsync(file, text, cancellationToken);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CommandFaultException($"The file cannot be written: {OneLine.Of(exception.Message, 300)}");
        }

        return ExitCodes.Done;
    }

    private static async Task TellFaultsAsync(IReadOnlyList<FileFault> faults, CommandOutput output)
    {
        if (output.IsJson)
        {
            await output.WriteJsonAsync(new
            {
                faults = faults.Select(fault => new { file = fault.Place.File, line = fault.Place.Line, fault.Resource, fault.Field, fault.Sentence }),
            });
            return;
        }

        foreach (var fault in faults)
        {
            await output.Error.WriteLineAsync(fault.ToString());
        }

        await output.Error.WriteLineAsync($"{CountText.Of(faults.Count, "fault")}; nothing is changed.");
    }

    private static async Task WritePlanAsync(DeclaredConfiguration declared, ConfigurationPlan plan, TextWriter output)
    {
        foreach (var change in plan.Changes.Where(change => change.Action != PlannedChange.None))
        {
            var (sign, note) = change.Action switch
            {
                PlannedChange.Create => ("+", ""),
                PlannedChange.Delete => ("-", ""),
                PlannedChange.Adopt => ("=", $", as it is, is managed by {declared.Name} from now on"),
                PlannedChange.Wait => ("~", " waits for another administrator already"),
                _ => ("~", ""),
            };
            await output.WriteLineAsync($"{sign} {DeclaredConfiguration.Describe(change.Kind, change.Name)}{note}");
            foreach (var member in change.Action is PlannedChange.Update or PlannedChange.Delete ? change.Members : [])
            {
                await output.WriteLineAsync($"    {member.Field}: {Shown(member.Before)} -> {Shown(member.After)}");
            }

            foreach (var warning in change.Warnings)
            {
                await output.WriteLineAsync($"    ! {warning}");
            }
        }

        var (created, changed, deleted) = (Count(PlannedChange.Create), Count(PlannedChange.Update), Count(PlannedChange.Delete));
        await output.WriteLineAsync(created + changed + deleted + Count(PlannedChange.Wait) == 0
            ? $"Nothing to change: {plan.Changes.Count} resources are as {declared.Name} says."
            : $"{created} to create, {changed} to change, {deleted} to delete.");

        int Count(string action) => plan.Changes.Count(change => change.Action == action);
    }

    private static string Shown(JsonElement? value) => value is { } given ? OneLine.Of(given.GetRawText(), MaxValue) : "(not set)";
}
