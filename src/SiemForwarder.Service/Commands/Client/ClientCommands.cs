using System.CommandLine;
using System.CommandLine.Help;
using System.Text.Json;
using SiemForwarder.Connections;
using SiemForwarder.Service.Configuration;

namespace SiemForwarder.Service.Commands.Client;

/// <summary>What a command does with the service.</summary>
/// <returns>One of <see cref="ExitCodes"/>.</returns>
internal delegate Task<int> ClientAction(ParseResult result, HttpClient api, CommandOutput output, CancellationToken cancellationToken);

/// <summary>The commands that speak with a running service.</summary>
internal static class ClientCommands
{
    private static readonly Option<string> OutputOption = new Option<string>("--output", "-o")
    {
        Description = "How the answer is written.", Recursive = true, DefaultValueFactory = _ => "table",
    }.AcceptOnlyFromAmong("table", "json");

    /// <summary>All of them, in the order in which they are listed.</summary>
    public static IReadOnlyList<Command> All { get; } = [ApplyCommand.Apply, ApplyCommand.Export];

    private static readonly RootCommand Root = CreateRoot();

    /// <summary>Runs the command that the first word names.</summary>
    /// <param name="args">The whole command line.</param>
    /// <param name="cancellationToken">Ends the command.</param>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public static async Task<int> RunAsync(string[] args, CancellationToken cancellationToken)
    {
        var result = Root.Parse(args);
        if (result.Errors.Count > 0 && result.Action is not HelpAction)
        {
            foreach (var error in result.Errors)
            {
                await Console.Error.WriteLineAsync(error.Message);
            }

            await Console.Error.WriteLineAsync($"siemforwarder {args[0]} --help shows what there is.");
            return ExitCodes.Unusable;
        }

        return await result.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false }, cancellationToken);
    }

    /// <summary>A command with examples in its help.</summary>
    /// <param name="name">Its word.</param>
    /// <param name="description">One sentence.</param>
    /// <param name="examples">Command lines, one a line.</param>
    /// <param name="action">What it does.</param>
    /// <param name="symbols">Its arguments and options.</param>
    public static Command Create(string name, string description, string examples, ClientAction action, params Symbol[] symbols)
    {
        var command = new Command(name, $"{description}\n\nExamples:\n{string.Join('\n', examples.Split('\n').Select(line => $"  {line}"))}");
        foreach (var symbol in symbols)
        {
            if (symbol is Argument argument)
            {
                command.Add(argument);
            }
            else
            {
                command.Add((Option)symbol);
            }
        }

        command.SetAction((result, cancellationToken) => RunAsync(result, action, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult result, ClientAction action, CancellationToken cancellationToken)
    {
        var output = new CommandOutput(Console.Out, Console.Error, result.GetValue(OutputOption) == "json", !Console.IsErrorRedirected);
        try
        {
            using var api = ServiceConnection.Open(result);
            return await action(result, api, output, cancellationToken);
        }
        catch (CommandFaultException exception)
        {
            await output.Error.WriteLineAsync(exception.Message);
            return ExitCodes.Unusable;
        }
        catch (ApiRefusedException exception)
        {
            await output.Error.WriteLineAsync(exception.Message);
            return ExitCodes.Refused;
        }
        catch (Exception exception) when (exception is HttpRequestException or JsonException
            || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            var reason = OneLine.Of((exception.InnerException ?? exception).Message, 300);
            await output.Error.WriteLineAsync(
                $"The service does not answer as it should: {reason} Say where it is by --url, and whose certificate it has by --ca-file.");
            return ExitCodes.NoAnswer;
        }
    }

    private static RootCommand CreateRoot()
    {
        var root = new RootCommand("SiemForwarder");
        Option[] options = [ServiceConnection.Url, ServiceConnection.KeyFile, ServiceConnection.CaFile, ServiceConnection.AllowHttp, OutputOption];
        foreach (var option in options)
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
