using SiemForwarder.Detections.Yaml;

namespace SiemForwarder.Detections.Rules;

/// <summary>Finds the files that others need, because their correlations and memories name rules of them.</summary>
public sealed class RuleNeeds
{
    private readonly IReadOnlyList<RuleFile> files;
    private readonly Dictionary<string, List<string>> references = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> owners = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Looks into all files; what cannot be read needs nothing.</summary>
    public RuleNeeds(IReadOnlyList<RuleFile> files)
    {
        this.files = files;
        foreach (var file in files)
        {
            var maps = YamlReader.Read(file.Text).Documents.OfType<YamlMap>().ToList();
            references[file.Name] = [.. maps.SelectMany(References)];
            foreach (var name in maps.SelectMany(map => new[] { Text(map, "id"), Text(map, "name") }).OfType<string>())
            {
                owners.TryAdd(name, file.Name);
            }
        }
    }

    /// <summary>The wanted files and all that they need in turn, in the order given.</summary>
    public IReadOnlyList<RuleFile> Select(IEnumerable<string> wanted)
    {
        var selected = new HashSet<string>(StringComparer.Ordinal);
        var open = new Queue<string>(wanted.Where(references.ContainsKey));
        while (open.TryDequeue(out var file))
        {
            if (!selected.Add(file))
            {
                continue;
            }

            foreach (var owner in references[file].Select(reference => owners.GetValueOrDefault(reference)).OfType<string>())
            {
                open.Enqueue(owner);
            }
        }

        return [.. files.Where(file => selected.Contains(file.Name))];
    }

    private static IEnumerable<string> References(YamlMap document)
    {
        var forwarder = document.Find("forwarder") as YamlMap;
        var others = new[] { forwarder?.Find("unless"), forwarder?.Find("missing") }.OfType<YamlMap>().Select(map => Text(map, "rule")).OfType<string>();
        return (document.Find("correlation") as YamlMap)?.Find("rules") switch
        {
            YamlList list => others.Concat(list.Items.OfType<YamlScalar>().Select(item => item.Text)),
            YamlScalar one => others.Append(one.Text),
            _ => others,
        };
    }

    private static string? Text(YamlMap map, string key) => (map.Find(key) as YamlScalar)?.Text;
}
