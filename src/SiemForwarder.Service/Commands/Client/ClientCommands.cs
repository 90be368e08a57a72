using System.CommandLine;
using System.CommandLine.Help;
using System.Text.Json;
using System.Text.RegularExpressions;
using SiemForwarder.Connections;
using SiemForwarder.Service.Configuration;
using SiemForwarder.Service.Settings;

namespace SiemForwarder.Service.Commands.Client;

/// <summary>What a command does with the service.</summary>
/// <returns>One of <see cref="ExitCodes"/>.</returns>
internal delegate Task<int> ClientAction(ParseResult result, HttpClient api, CommandOutput output, CancellationToken cancellationToken);

/// <summary>A command that speaks with a running service, and what its help and the documentation say of it.</summary>
internal sealed class ClientCommand : Command
{
    private readonly int[] endings;

    /// <param name="name">Its word.</param>
    /// <param name="summary">One sentence.</param>
    /// <param name="examples">Command lines, one a line.</param>
    /// <param name="endings">The exit codes that only some commands have: <see cref="ExitCodes.NotWell"/>, <see cref="ExitCodes.Differs"/> …</param>
    /// <param name="action">What it does.</param>
    /// <param name="symbols">Its arguments and options.</param>
    public ClientCommand(string name, string summary, string examples, int[] endings, ClientAction action, params Symbol[] symbols)
        : base(name)
    {
        this.endings = endings;
        (Summary, Examples) = (summary, examples);
        Description = $"{summary}\n\nExamples:\n{Indent(examples.Split('\n'))}\n\nExit codes:\n{Indent(Endings.Select(one => $"{one.Code,3}  {one.Meaning}"))}";
        foreach (var symbol in symbols)
        {
            if (symbol is Argument argument)
            {
                Add(argument);
            }
            else
            {
                Add((Option)symbol);
            }
        }

        SetAction((result, cancellationToken) => ClientCommands.RunAsync(result, action, cancellationToken));
    }

    /// <summary>What it does, in one sentence.</summary>
    public string Summary { get; }

    /// <summary>Command lines, one a line.</summary>
    public string Examples { get; }

    /// <summary>How it can end.</summary>
    public IEnumerable<(int Code, string Meaning)> Endings => ExitCodes.All.Where(one => ExitCodes.OfAll.Contains(one.Code) || endings.Contains(one.Code));

    private static string Indent(IEnumerable<string> lines) => string.Join('\n', lines.Select(line => $"  {line}"));
}

/// <summary>The commands that speak with a running service.</summary>
internal static partial class ClientCommands
{
    /// <summary>What people call the program.</summary>
    public const string Program = "siemforwarder";

    private static readonly Option<string> OutputOption = new Option<string>("--output", "-o")
    {
        Description = "How the answer is written.", Recursive = true, DefaultValueFactory = _ => "table",
    }.AcceptOnlyFromAmong("table", "json");

    /// <summary>All of them, in the order in which they are listed.</summary>
    public static IReadOnlyList<ClientCommand> All { get; } =
    [
        StatusCommand.Status, TestCommand.Test, TestCommand.Check, EventsCommand.Events, RehearseCommand.Rehearse, ReplayCommand.Replay, RedriveCommand.Redrive,
        ApplyCommand.Apply, ApplyCommand.Export, SupportBundleCommand.SupportBundle,
    ];

    /// <summary>The options that all of them have.</summary>
    public static IReadOnlyList<Option> Shared { get; } =
        [ServiceConnection.Url, ServiceConnection.KeyFile, ServiceConnection.CaFile, ServiceConnection.AllowHttp, OutputOption];

    private static readonly Command Root = CreateRoot();

    /// <summary>Runs the command that the first word names.</summary>
    /// <param name="args">The whole command line.</param>
    /// <param name="cancellationToken">Ends the command.</param>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public static async Task<int> RunAsync(string[] args, CancellationToken cancellationToken)
    {
        var result = Parse(args);
        if (result.Errors.Count > 0 && result.Action is not HelpAction)
        {
            foreach (var error in result.Errors)
            {
                await Console.Error.WriteLineAsync(OneLine.Of(Explain(error.Message, result)));
            }

            await Console.Error.WriteLineAsync($"{Program} {args[0]} --help shows what there is.");
            return ExitCodes.Unusable;
        }

        return await result.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false }, cancellationToken);
    }

    private static string Explain(string message, ParseResult result)
    {
        if (result.UnmatchedTokens.FirstOrDefault(token => token.StartsWith('-') && message.Contains($"'{token}'", StringComparison.Ordinal)) is { } unknown)
        {
            var options = result.CommandResult.Command.Options.Concat(Shared).Select(option => option.Name);
            var meant = NearestName.Find(unknown.Split('=')[0], options);
            return $"{unknown} is not an option of {result.CommandResult.Command.Name}{(meant is null ? "." : $"; did you mean {meant}?")}";
        }

        // What the library says of numbers is for those who wrote the program.
        return WrongNumber().Replace(message, "${given} is no whole number, which ${option} takes.");
    }

    [GeneratedRegex(
        "^Cannot parse argument (?<given>'.*') for option '(?<option>[^']*)' as expected type 'System.*Int(?:32|64).*$", RegexOptions.Singleline, 1000)]
    private static partial Regex WrongNumber();

    /// <summary>The command that a command line names, or what is wrong with it.</summary>
    public static ParseResult Parse(string[] args) => Root.Parse(args);

    /// <summary>Runs an action, and tells why it could not end.</summary>
    public static async Task<int> RunAsync(ParseResult result, ClientAction action, CancellationToken cancellationToken)
    {
        var output = new CommandOutput(
            Console.Out, Console.Error, result.GetValue(OutputOption) == "json", !Console.IsErrorRedirected, !Console.IsOutputRedirected);
        try
        {
            using var api = ServiceConnection.Open(result);
            return await action(result, api, output, cancellationToken);
        }
        catch (CommandFaultException exception)
        {
            await output.TellAsync(exception.Message);
            return ExitCodes.Unusable;
        }
        catch (ApiRefusedException exception)
        {
            await output.TellAsync(exception.Message);
            return ExitCodes.Refused;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return ExitCodes.Interrupted;
        }
        catch (Exception exception) when (exception is HttpRequestException or JsonException
            || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            var reason = exception is JsonException ? "what answers there is no SiemForwarder."
                : OneLine.Of((exception.InnerException ?? exception).Message, 300);
            await output.TellAsync(
                $"The service does not answer as it should: {reason} Say where it is by --url, and whose certificate it has by --ca-file.");
            return ExitCodes.NoAnswer;
        }
        catch (Exception exception)
        {
            await output.TellAsync("The command broke; please report it with these lines, and with what siemforwarder support-bundle writes:");
            foreach (var line in exception.ToString().Split('\n'))
            {
                await output.TellAsync(line);
            }

            return ExitCodes.Broken;
        }
    }

    // Not a RootCommand, which calls itself after the file that was started.
    private static Command CreateRoot()
    {
        var root = new Command(Program) { new HelpOption { Recursive = true } };
        foreach (var option in Shared)
        {
            root.Add(option);
        }

        foreach (var command in All)
        {
            root.Add(command);
        }

        return root;
    }
}
