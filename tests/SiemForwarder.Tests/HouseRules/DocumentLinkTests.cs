using System.Text.RegularExpressions;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.HouseRules;

/// <summary>Every relative link of the documentation leads to a file that is there, and to a heading in it.</summary>
public sealed class DocumentLinkTests
{
    [Fact]
    public void EveryLinkLeadsSomewhere()
    {
        var broken =
            from document in DocumentPages.All
            from Match link in Regex.Matches(File.ReadAllText(document), @"\]\((?!https?:)(?<path>[^)#\s]*)(?:#(?<anchor>[^)\s]+))?\)")
            let target = link.Groups["path"].Length == 0 ? document : Path.GetFullPath(Path.Combine(Path.GetDirectoryName(document)!, link.Groups["path"].Value))
            where !(File.Exists(target) || Directory.Exists(target))
                || (link.Groups["anchor"].Success && !Anchors(target).Contains(link.Groups["anchor"].Value))
            select $"{DocumentPages.NameOf(document)}: {link.Value}";

        Assert.Empty(broken);
    }

    [Fact]
    public void EveryPageIsInTheIndex()
    {
        var index = File.ReadAllText(Path.Combine(RepositoryFiles.Root, "docs", "README.md"));
        var pages = Directory.GetFiles(Path.Combine(RepositoryFiles.Root, "docs"), "*.md").Select(Path.GetFileName).Where(name => name != "README.md");

        Assert.All(pages, page => Assert.Contains($"({page}", index, StringComparison.Ordinal));
    }

    [Fact]
    public void EveryOperationThatIsNamedExists()
    {
        // The table of docs/access.md is generated from the endpoints.
        var known = Operations(File.ReadAllText(Path.Combine(RepositoryFiles.Root, "docs", "access.md"))).Select(Shape).ToHashSet();
        var unknown =
            from document in DocumentPages.All
            from operation in Operations(File.ReadAllText(document))
            where !known.Contains(Shape(operation))
            select $"{DocumentPages.NameOf(document)}: {operation}";

        Assert.NotEmpty(known);
        Assert.Empty(unknown);

        static IEnumerable<string> Operations(string text) =>
            Regex.Matches(text, @"`(?<operation>(?:GET|POST|PUT|PATCH|DELETE) /api/v1/[^ `?]*)").Select(match => match.Groups["operation"].Value);

        static string Shape(string operation) => Regex.Replace(operation, @"/(?:\{\w+\}|\d+)", "/#");
    }

    [Fact]
    public void EveryMetricThatIsNamedExists()
    {
        var metrics = File.ReadAllText(Path.Combine(RepositoryFiles.Root, "docs", "metrics.md"));
        var unknown =
            from document in DocumentPages.All
            where !document.EndsWith("changelog.md", StringComparison.Ordinal)
            from Match metric in Regex.Matches(File.ReadAllText(document), @"\bsiemforwarder_[a-z_]+")
            where !metrics.Contains(metric.Value, StringComparison.Ordinal)
            select $"{DocumentPages.NameOf(document)}: {metric.Value}";

        Assert.Empty(unknown);
    }

    // As code hosts make them: lower case, no punctuation, a hyphen for each space.
    private static HashSet<string> Anchors(string document) =>
        [.. Regex.Matches(File.ReadAllText(document), @"^#+ (?<text>.+)$", RegexOptions.Multiline)
            .Select(heading => Regex.Replace(heading.Groups["text"].Value.Trim().ToLowerInvariant(), @"[^\w\- ]", "").Replace(' ', '-'))];
}
