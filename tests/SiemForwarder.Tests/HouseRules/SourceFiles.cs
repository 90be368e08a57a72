using System.Text.RegularExpressions;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.HouseRules;

/// <summary>The C# of the repository as text, without comments and literals where only code counts.</summary>
internal static partial class SourceFiles
{
    /// <summary>Path below the root and text of every C# file under a folder, those that a build makes left out.</summary>
    public static IReadOnlyList<(string Path, string Text)> Under(string folder) =>
    [
        .. Directory.EnumerateFiles(Path.Combine(RepositoryFiles.Root, folder), "*.cs", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(RepositoryFiles.Root, path).Replace('\\', '/'))
            .Where(path => !path.Contains("/obj/", StringComparison.Ordinal) && !path.Contains("/bin/", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(path => (path, File.ReadAllText(Path.Combine(RepositoryFiles.Root, path)))),
    ];

    /// <summary>Fails with every offence on a line of its own.</summary>
    public static void AssertNone(IEnumerable<string?> offences)
    {
        var all = offences.ToList();
        Assert.True(all.Count == 0, string.Join('\n', all));
    }

    public static string Code(string text) => Literals().Replace(Comments().Replace(text, ""), "\"\"");

    public static IEnumerable<string> DeclaredTypes(string text) => Declared().Matches(Code(text)).Select(match => match.Groups["name"].Value);

    [GeneratedRegex("\"\"\"[\\s\\S]*?\"\"\"|\"(?:\\\\.|[^\"\\\\\\n])*\"")]
    private static partial Regex Literals();

    [GeneratedRegex(@"/\*[\s\S]*?\*/|//[^\n]*")]
    private static partial Regex Comments();

    [GeneratedRegex(@"\b(?:class|struct|interface|enum|record(?:\s+(?:class|struct))?)\s+(?<name>[A-Z]\w*)")]
    private static partial Regex Declared();
}
