using System.CommandLine;
using System.Text;
using System.Text.RegularExpressions;
using SiemForwarder.Service.Commands;
using SiemForwarder.Service.Commands.Client;
using SiemForwarder.Service.Commands.Demo;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Service.Commands;

/// <summary>docs/commands.md is made from the definitions of the commands (UPDATE_GOLDEN=1 writes it anew), and their examples can be run.</summary>
public sealed class CommandsDocumentTests
{
    [Fact]
    public void TheDocumentListsEveryCommandWithItsOptionsExamplesAndExitCodes()
    {
        var path = Path.Combine(RepositoryFiles.Root, "docs", "commands.md");
        var document = File.ReadAllText(path);
        var generated = Regex.Replace(document, "(?<=<!-- generated -->\n).*(?=<!-- end -->)", _ => Write(), RegexOptions.Singleline);
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            File.WriteAllText(path, generated, new UTF8Encoding(false));
        }

        Assert.Equal(generated, File.ReadAllText(path));
    }

    public static TheoryData<string> Examples => [.. ClientCommands.All.SelectMany(command => command.Examples.Split('\n'))];

    [Theory]
    [MemberData(nameof(Examples))]
    public void EveryExampleIsACommandLineThatTheProgramTakes(string example)
    {
        var words = WordsOf(example);

        Assert.Equal(ClientCommands.Program, words[0]);
        Assert.Null(FindFault(words[1..]));
    }

    [Fact]
    public void EveryCommandLineOfTheDocumentationIsOneThatTheProgramTakes()
    {
        var lines =
            from page in DocumentPages.All
            from line in CommandLinesOf(page)
            select (Page: DocumentPages.NameOf(page), Line: line);
        var faults =
            from one in lines
            let fault = FindFault(WordsOf(one.Line))
            where fault is not null
            select $"{one.Page}: {one.Line}: {fault}";

        Assert.InRange(lines.Count(), 30, 500);
        Assert.Empty(faults);
    }

    // The program by its name in blocks and in running text, and as it is started from the repository and in the image.
    private static IEnumerable<string> CommandLinesOf(string page)
    {
        var text = File.ReadAllText(page);
        var quoted = Regex.Matches(text, @"`siemforwarder (?<line>[^`…]+)`").Select(match => match.Groups["line"].Value)
            // One word alone only names the command.
            .Select(line => line.Contains(' ', StringComparison.Ordinal) || line.StartsWith('-') ? line : $"{line} --help");
        var others = Regex.Matches(text, @"(?:SiemForwarder\.Service --|/app/SiemForwarder\.Service) (?<line>[a-z-][^`#\n]*)").Select(match => match.Groups["line"].Value.Trim());
        return DocumentPages.CommandsOf(page).Where(command => command.StartsWith($"{ClientCommands.Program} ", StringComparison.Ordinal))
            .Select(command => command[(ClientCommands.Program.Length + 1)..]).Concat(quoted).Concat(others);
    }

    // What stands behind a pipe is of other programs.
    private static string[] WordsOf(string line) =>
        [.. Regex.Matches(Regex.Split(line, @" \| | \|\| ")[0], "'([^']*)'|[^ ]+").Select(word => word.Groups[1].Success ? word.Groups[1].Value : word.Value)];

    private static string? FindFault(string[] words) => words[0] switch
    {
        _ when words[^1] is "--help" && CommandArguments.Commands.Contains(words[0]) => null,
        "--version" or "health" or "serve" => null,
        "demo" => DemoOptions.Parse(words[1..]) is null ? "demo does not know an option" : null,
        "COMMAND" => null,
        _ => ClientCommands.Parse(words).Errors is [var error, ..] ? error.Message : null,
    };

    [Fact]
    public void EveryCodeByWhichACommandEndsIsExplained()
    {
        var explained = ExitCodes.All.Select(one => one.Code).ToList();

        Assert.Equal(explained.Distinct(), explained);
        Assert.All(ClientCommands.All, command => Assert.Superset(ExitCodes.OfAll.ToHashSet(), command.Endings.Select(one => one.Code).ToHashSet()));
    }

    private static string Write()
    {
        var text = new StringBuilder("\n```\n").Append(CommandArguments.Usage).Append("\n```\n");
        foreach (var command in ClientCommands.All)
        {
            text.Append("\n## `").Append(command.Name).Append("`\n\n").Append(command.Summary).Append("\n\n```bash\n").Append(command.Examples).Append("\n```\n\n")
                .Append("| argument, option | |\n| --- | --- |\n");
            foreach (var argument in command.Arguments)
            {
                Append(text, argument.Arity.MinimumNumberOfValues == 0 ? $"[{argument.Name}]" : argument.Name, argument.Description!);
            }

            foreach (var option in command.Options)
            {
                Append(text, Name(option), $"{option.Description}{(option.Required ? " Required." : "")}");
            }

            text.Append("\nExit codes: ").AppendJoin(", ", command.Endings.Select(one => one.Code)).Append(".\n");
        }

        text.Append("\n## Options of all of them\n\n| option | |\n| --- | --- |\n");
        foreach (var option in ClientCommands.Shared)
        {
            Append(text, Name(option), option.Description!);
        }

        text.Append("\nThe key is never given on the command line, where other users of the machine would see it.\n\n")
            .Append("## `demo`\n\n```\n").Append(DemoOptions.Usage).Append("\n```\n\n## Exit codes\n\n| code | meaning |\n| --- | --- |\n");
        foreach (var (code, meaning) in ExitCodes.All)
        {
            text.Append("| ").Append(code).Append(" | ").Append(meaning).Append(" |\n");
        }

        return text.Append('\n').ToString();
    }

    private static void Append(StringBuilder text, string name, string description) =>
        text.Append("| `").Append(name.Replace("|", "\\|", StringComparison.Ordinal)).Append("` | ").Append(description.Replace("|", "\\|", StringComparison.Ordinal)).Append(" |\n");

    private static string Name(Option option)
    {
        var words = string.Join("`, `", option.Aliases.Append(option.Name).OrderBy(word => word.Length));
        return option.ValueType == typeof(bool) ? words : $"{words} {option.HelpName ?? "table|json"}";
    }
}
