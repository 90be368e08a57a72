using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Service.Integrations;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.HouseRules;

/// <summary>Sizes, names, summaries and secrets, the same everywhere.</summary>
public sealed partial class StyleTests
{
    private const int MaxLines = 400;
    private const int MaxColumns = 160;

    private static readonly Assembly[] Assemblies = [typeof(SiemForwarder.Events.SecurityEvent).Assembly, typeof(SiemForwarder.Detections.DetectionEngine).Assembly, typeof(Secret).Assembly, typeof(DestinationCatalog).Assembly, typeof(IntegrationRequest).Assembly];

    [Theory]
    [InlineData("src")]
    [InlineData("tests")]
    public void NoFileIsTooLong(string folder) =>
        SourceFiles.AssertNone(SourceFiles.Under(folder).Where(file => Lines(file.Text) > MaxLines).Select(file => $"{file.Path}: {Lines(file.Text)} lines"));

    [Fact]
    public void NoLineIsTooLongButThoseOfSqlAndJson() => SourceFiles.AssertNone(
        from file in SourceFiles.Under("src")
        from line in RawText().Replace(file.Text, "").Split('\n')
        where line.Length > MaxColumns
        select $"{file.Path}: {line.Trim()}");

    [Fact]
    public void NoExceptionIsCaughtAndForgotten() => SourceFiles.AssertNone(
        from file in SourceFiles.Under("src")
        from match in EmptyCatch().Matches(SourceFiles.Code(file.Text))
        select $"{file.Path}: {match.Value}");

    [Theory]
    [InlineData("src")]
    [InlineData("tests")]
    public void NoTypeHasANameThatSaysNothing(string folder) => SourceFiles.AssertNone(
        from file in SourceFiles.Under(folder)
        from type in SourceFiles.DeclaredTypes(file.Text)
        where Empty().IsMatch(type)
        select $"{file.Path}: {type}");

    [Fact]
    public void BoundsAreNamedMaxAndMin() => SourceFiles.AssertNone(
        from file in SourceFiles.Under("src")
        from match in OtherBound().Matches(SourceFiles.Code(file.Text))
        select $"{file.Path}: {match.Groups[1].Value}");

    [Fact]
    public void OnlyABackgroundServiceIsCalledService() => SourceFiles.AssertNone(
        from assembly in Assemblies
        from type in assembly.GetTypes()
        where type.Name.EndsWith("Service", StringComparison.Ordinal) && !typeof(Microsoft.Extensions.Hosting.BackgroundService).IsAssignableFrom(type)
        select type.FullName);

    [Fact]
    public void EveryTypeThatOthersSeeHasASummary()
    {
        var missing = new List<string>();
        foreach (var (path, text) in SourceFiles.Under("src"))
        {
            var lines = text.Split('\n');
            for (var i = 0; i < lines.Length; i++)
            {
                if (Visible().Match(lines[i]) is { Success: true } match && !HasSummary(lines, i))
                {
                    missing.Add($"{path}:{i + 1} {match.Groups["name"].Value}");
                }
            }
        }

        SourceFiles.AssertNone(missing);
    }

    [Fact]
    public void ATypeThatHoldsASecretDoesNotPrintIt()
    {
        const string Hidden = "s3cr3t";
        var printed = new List<string>();
        var holders = 0;
        foreach (var type in Assemblies.SelectMany(assembly => assembly.GetTypes()).Where(type => type is { IsClass: true, IsAbstract: false } && !type.IsDefined(typeof(CompilerGeneratedAttribute))))
        {
            var secrets = type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
                .Where(property => property.PropertyType == typeof(Secret) || (property.PropertyType == typeof(string) && SecretName().IsMatch(property.Name) && type.Name.EndsWith("Request", StringComparison.Ordinal)))
                .Where(property => property.SetMethod is not null).ToList();
            if (secrets.Count == 0)
            {
                continue;
            }

            holders++;
            var holder = RuntimeHelpers.GetUninitializedObject(type);
            foreach (var secret in secrets)
            {
                secret.SetValue(holder, secret.PropertyType == typeof(Secret) ? new Secret(Hidden) : Hidden);
            }

            if (holder.ToString()!.Contains(Hidden, StringComparison.Ordinal))
            {
                printed.Add(type.FullName!);
            }
        }

        SourceFiles.AssertNone(printed);
        Assert.InRange(holders, 5, 100);
        Assert.Equal("***", new Secret(Hidden).ToString());
    }

    [Fact]
    public void TheReadmeListsEveryDestinationAndEveryOutputType()
    {
        var path = Path.Combine(RepositoryFiles.Root, "README.md");
        var text = File.ReadAllText(path);

        Assert.Equal(DestinationCatalog.All.Select(kind => kind.Id).Order(StringComparer.Ordinal), Rows(text, "## Destinations").Order(StringComparer.Ordinal));
        Assert.Equal(ApiEnumNames.OutputTypes.Keys.Order(StringComparer.Ordinal), Rows(text, "## Output types").Order(StringComparer.Ordinal));
    }

    /// <summary>The first cells, in backticks, of the table under a heading, without its head.</summary>
    private static IEnumerable<string> Rows(string text, string heading)
    {
        var lines = text.Split('\n').SkipWhile(line => line.Trim() != heading).Skip(1).TakeWhile(line => !line.StartsWith("## ", StringComparison.Ordinal));
        return lines.SkipWhile(line => !line.StartsWith("| ---", StringComparison.Ordinal)).Select(line => Row().Match(line)).Where(match => match.Success).Select(match => match.Groups["cell"].Value);
    }

    private static bool HasSummary(string[] lines, int declaration)
    {
        var above = declaration - 1;
        while (above >= 0 && lines[above].TrimStart().StartsWith('['))
        {
            above--;
        }

        var documentation = new List<string>();
        for (; above >= 0 && lines[above].TrimStart().StartsWith("///", StringComparison.Ordinal); above--)
        {
            documentation.Add(lines[above]);
        }

        return documentation.Exists(line => line.Contains("<summary>", StringComparison.Ordinal) || line.Contains("<inheritdoc", StringComparison.Ordinal));
    }

    private static int Lines(string text) => text.Count(character => character == '\n');

    [GeneratedRegex(@"(?:const|static readonly) \w+ ((?:Most|Least|Longest|Shortest|Lowest|Highest)\w*)")]
    private static partial Regex OtherBound();

    [GeneratedRegex(@"^\s*(?:public|internal)\s+(?:(?:abstract|sealed|static|partial|readonly|ref)\s+)*(?:class|struct|interface|enum|record(?:\s+(?:class|struct))?)\s+(?<name>[A-Z]\w*)")]
    private static partial Regex Visible();

    [GeneratedRegex("(?:Manager|Helpers?|Util|Utils|Utility|Common|Processor|Handler|Impl|Base|Misc|Shared)$")]
    private static partial Regex Empty();

    [GeneratedRegex("\"{3}[\\s\\S]*?\"{3}")]
    private static partial Regex RawText();

    [GeneratedRegex(@"catch\s*(?:\([^)]*\))?\s*(?:when\s*\([^{]*\))?\s*\{\s*\}")]
    private static partial Regex EmptyCatch();

    [GeneratedRegex("^(?:Password|Token|Header|ClientSecret|ClientKey)$")]
    private static partial Regex SecretName();

    [GeneratedRegex(@"^\|\s*`(?<cell>[^`]+)`\s*\|")]
    private static partial Regex Row();
}
