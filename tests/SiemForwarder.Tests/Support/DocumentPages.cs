using System.Text.RegularExpressions;

namespace SiemForwarder.Tests.Support;

/// <summary>The pages of the documentation.</summary>
public static partial class DocumentPages
{
    /// <summary>Paths of all pages, generated ones as well.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        Path.Combine(RepositoryFiles.Root, "README.md"),
        .. Directory.GetFiles(Path.Combine(RepositoryFiles.Root, "docs"), "*.md"),
        .. Directory.GetFiles(Path.Combine(RepositoryFiles.Root, "docs", "siem"), "*.md"),
        .. Directory.GetFiles(Path.Combine(RepositoryFiles.Root, "docs", "deploy"), "*.md", SearchOption.AllDirectories),
        .. Directory.GetFiles(Path.Combine(RepositoryFiles.Root, "docs", "content"), "*.md", SearchOption.AllDirectories),
        .. Directory.GetDirectories(Path.Combine(RepositoryFiles.Root, "src")).Select(folder => Path.Combine(folder, "README.md")).Where(File.Exists),
    ];

    /// <summary>A page as a failed test names it.</summary>
    public static string NameOf(string page) => Path.GetRelativePath(RepositoryFiles.Root, page);

    /// <summary>The commands of a page's shell blocks: each with its continued lines, without comments.</summary>
    public static IEnumerable<string> CommandsOf(string page)
    {
        foreach (var block in ShellBlock().Matches(File.ReadAllText(page)).Select(match => match.Groups["text"].Value))
        {
            var command = "";
            foreach (var line in block.Split('\n'))
            {
                command += line + "\n";
                // A quotation or a backslash goes on in the next line.
                if (command.Count(character => character == '\'') % 2 == 0 && !line.TrimEnd().EndsWith('\\'))
                {
                    yield return Comment().Replace(command.Replace("\\\n", " ", StringComparison.Ordinal).Trim(), "");
                    command = "";
                }
            }
        }
    }

    [GeneratedRegex("^ *```(?:bash|sh)\n(?<text>.*?)^ *```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex ShellBlock();

    [GeneratedRegex(@"(?:^|\s+)# [^'\n]*$")]
    private static partial Regex Comment();
}
