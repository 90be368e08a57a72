using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.HouseRules;

/// <summary>NOTICE names every package that the service ships, with its licence, as the packages themselves say. UPDATE_GOLDEN=1 writes it anew.</summary>
public sealed partial class NoticeTests
{
    private const string Head = """
        SiemForwarder holds the packages below, in the versions of its lock files. A list for machines (CycloneDX) is made by

            dotnet tool restore
            dotnet CycloneDX src/SiemForwarder.Service/SiemForwarder.Service.csproj -o artifacts/sbom -F Json -fn siem-forwarder.cdx.json

        """;

    [Fact]
    public void NoticeNamesWhatIsShipped()
    {
        var path = Path.Combine(RepositoryFiles.Root, "NOTICE");
        var notice = Head.ReplaceLineEndings("\n") + "\n" + string.Concat(Packages().Select(package => package + "\n"));
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            File.WriteAllText(path, notice, new UTF8Encoding(false));
        }

        Assert.Equal(notice, File.ReadAllText(path));
        Assert.DoesNotContain("unknown", notice, StringComparison.Ordinal);
    }

    private static List<string> Packages()
    {
        using var assets = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(RepositoryFiles.Root, "artifacts", "obj", "SiemForwarder.Service", "project.assets.json")));
        var folders = assets.RootElement.GetProperty("packageFolders").EnumerateObject().Select(folder => folder.Name).ToList();
        var shipped = assets.RootElement.GetProperty("targets").EnumerateObject().First().Value.EnumerateObject()
            .Where(one => one.Value.GetProperty("type").GetString() == "package" && new[] { "runtime", "runtimeTargets", "native" }.Any(kind =>
                one.Value.TryGetProperty(kind, out var files) && files.EnumerateObject().Any(file => !file.Name.EndsWith("_._", StringComparison.Ordinal))));
        return [.. shipped.Select(one => one.Name.Split('/')).OrderBy(one => one[0], StringComparer.OrdinalIgnoreCase).Select(one => Describe(folders, one[0], one[1]))];
    }

    private static string Describe(List<string> folders, string name, string version)
    {
        var (id, folder) = (name.ToLowerInvariant(), folders.Select(one => Path.Combine(one, name.ToLowerInvariant(), version.ToLowerInvariant())).First(Directory.Exists));
        var about = XDocument.Load(Path.Combine(folder, $"{id}.nuspec")).Descendants().ToLookup(element => element.Name.LocalName, element => element);
        var licence = about["license"].FirstOrDefault() is { } given
            ? (string?)given.Attribute("type") == "file" ? $"see {given.Value} of the package" : given.Value
            : (string?)about["licenseUrl"].FirstOrDefault() ?? "unknown";
        return $"{name} {version}, {licence}: {Blanks().Replace(((string?)about["copyright"].FirstOrDefault() ?? (string?)about["authors"].FirstOrDefault() ?? "").Trim(), " ")}";
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();
}
