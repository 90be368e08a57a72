using System.Reflection;
using SiemForwarder.Detections.Rules;
using SiemForwarder.Detections.Yaml;

namespace SiemForwarder.Detections;

/// <summary>One file of the pack.</summary>
/// <param name="File">The rules, of which all but those that only feed others alert.</param>
/// <param name="Titles">Titles of its rules.</param>
/// <param name="Fixtures">Text of its fixtures, see <see cref="Fixtures.RuleFixture"/>.</param>
public sealed record PackFile(RuleFile File, IReadOnlyList<string> Titles, string Fixtures);

/// <summary>The rules for Keycloak that come with the forwarder. They are off until somebody switches them on.</summary>
public static class DetectionPack
{
    private const string Folder = "Pack/";
    private const string FixturesEnd = ".fixtures.yml";
    private const string ListsFile = "lists.yml";

    /// <summary>All files, by name.</summary>
    public static IReadOnlyList<PackFile> Files { get; } = ReadFiles();

    /// <summary>Values of the placeholders that the rules use; those that only the operator knows are examples, and are told apart by their names.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<string>> Lists { get; } = ReadLists();

    private static PackFile[] ReadFiles()
    {
        var names = Assembly.GetExecutingAssembly().GetManifestResourceNames().Where(name => name.StartsWith(Folder, StringComparison.Ordinal)
            && !name.EndsWith(FixturesEnd, StringComparison.Ordinal) && name != Folder + ListsFile);
        return
        [
            .. names.Order(StringComparer.Ordinal).Select(name =>
            {
                var text = ReadText(name);
                var titles = YamlReader.Read(text).Documents.OfType<YamlMap>().Select(map => ((YamlScalar)map.Find("title")!).Text);
                return new PackFile(new RuleFile(name[Folder.Length..], text), [.. titles], ReadText(name[..^".yml".Length] + FixturesEnd));
            }),
        ];
    }

    private static Dictionary<string, IReadOnlyList<string>> ReadLists() =>
        ((YamlMap)YamlReader.Read(ReadText(Folder + ListsFile)).Documents[0]).Entries.ToDictionary(
            entry => entry.Key, entry => (IReadOnlyList<string>)[.. ((YamlList)entry.Value).Items.Cast<YamlScalar>().Select(item => item.Text)]);

    private static string ReadText(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"The file {name} is not part of the program.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
