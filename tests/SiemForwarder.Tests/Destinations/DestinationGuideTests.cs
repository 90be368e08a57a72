using System.Text.RegularExpressions;
using SiemForwarder.Destinations;
using SiemForwarder.Tests.HouseRules;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Destinations;

/// <summary>A destination is one source file, one line of the catalogue, one test class and one row of the README; the guide shows them as they compile.</summary>
public sealed class DestinationGuideTests
{
    private const string Catalogue = "src/SiemForwarder.Destinations/DestinationCatalog.cs";

    [Fact]
    public void EveryKindStandsInItsFourPlacesAndNowhereElse()
    {
        var sources = SourceFiles.Under("src");
        var tests = SourceFiles.Under("tests/SiemForwarder.Tests/Destinations");
        var readme = File.ReadAllLines(Path.Combine(RepositoryFiles.Root, "README.md"));
        foreach (var kind in DestinationCatalog.All)
        {
            var file = Assert.Single(sources, source => source.Text.Contains($"        Id = \"{kind.Id}\",", StringComparison.Ordinal)
                && source.Text.Contains("DestinationKind Kind { get; }", StringComparison.Ordinal));
            var type = Path.GetFileNameWithoutExtension(file.Path);
            var name = new Regex($@"\b{type}(\.Kind\b|\()");

            var mentions = sources.Where(source => name.IsMatch(SourceFiles.Code(source.Text))).Select(source => source.Path).Where(path => !SharesFolder(path, file.Path));
            Assert.Equal([Catalogue], mentions);
            Assert.Equal(1, sources.Single(source => source.Path == Catalogue).Text.Split('\n').Count(line => line.Trim() == $"{type}.Kind,"));
            Assert.Contains(tests, test => test.Text.Contains($"{type}.Kind.Open(", StringComparison.Ordinal)
                && Regex.IsMatch(test.Text, @"class \w+(\([^)]*\))? : (Network|Http)?DestinationContract\b"));
            Assert.Single(readme, line => line.StartsWith($"| `{kind.Id}` |", StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("tests/SiemForwarder.Tests/Destinations/Trial/AcmeDestination.cs", "SiemForwarder.Tests.Destinations.Trial", "SiemForwarder.Destinations.Http", "using SiemForwarder.Destinations;\nusing SiemForwarder.Destinations.Http;\n")]
    [InlineData("tests/SiemForwarder.Tests/Destinations/Trial/AcmeDestinationTests.cs", "SiemForwarder.Tests.Destinations.Trial", "SiemForwarder.Tests.Destinations.Http", "using SiemForwarder.Tests.Destinations.Http;\n")]
    public void TheGuideShowsCodeThatCompilesAndKeepsTheContract(string path, string trialNamespace, string realNamespace, string usings)
    {
        var guide = File.ReadAllText(Path.Combine(RepositoryFiles.Root, "docs", "destinations.md"));
        var code = File.ReadAllText(Path.Combine(RepositoryFiles.Root, path))
            .Replace(usings, "", StringComparison.Ordinal).Replace($"namespace {trialNamespace};", $"namespace {realNamespace};", StringComparison.Ordinal);

        Assert.Contains($"```csharp\n{code}```\n", guide);
    }

    // A destination may have parts beside it: what they are called is its own business.
    private static bool SharesFolder(string path, string other) => Path.GetDirectoryName(path) == Path.GetDirectoryName(other);
}
