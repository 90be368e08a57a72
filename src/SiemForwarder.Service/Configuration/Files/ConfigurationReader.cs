using System.Globalization;
using System.Text.Json.Nodes;
using SiemForwarder.Connections;
using SiemForwarder.Service.Api;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace SiemForwarder.Service.Configuration.Files;

/// <summary>A location in a configuration file.</summary>
/// <param name="File">The file, as named by the caller.</param>
/// <param name="Line">Starting from 1; 0 for the file as a whole.</param>
internal readonly record struct FilePlace(string File, long Line)
{
    public override string ToString() => Line == 0 ? File : string.Create(CultureInfo.InvariantCulture, $"{File}:{Line}");
}

/// <summary>One fault in a configuration file.</summary>
/// <param name="Place">Its location.</param>
/// <param name="Resource">The source, integration, pool, rule or role concerned; empty if none.</param>
/// <param name="Field">The setting, with dots between the parts; empty if none.</param>
/// <param name="Sentence">What is wrong and what to do.</param>
internal sealed record FileFault(FilePlace Place, string Resource, string Field, string Sentence)
{
    public override string ToString()
    {
        var subject = string.Join(", ", new[] { Resource, Field }.Where(part => part.Length > 0));
        return subject.Length == 0 ? $"{Place}: {Sentence}" : $"{Place}: {subject}: {Sentence}";
    }
}

/// <summary>The content of a configuration file, or of a folder of them.</summary>
/// <param name="Name">What manages the resources: the name given in the file, otherwise that of the file or folder.</param>
/// <param name="Request">The request for the API.</param>
/// <param name="Faults">All faults found so far.</param>
/// <param name="Places">Location of each setting.</param>
internal sealed record DeclaredConfiguration(
    string Name, JsonObject Request, IReadOnlyList<FileFault> Faults, IReadOnlyDictionary<(string Kind, int Index, string Field), FilePlace> Places)
{
    private static readonly Dictionary<string, (string List, string Words)> Lists = new()
    {
        [PlannedChange.Pool] = ("enginePools", "engine pool"), [PlannedChange.Source] = ("sources", "source"),
        [PlannedChange.Integration] = ("integrations", "integration"), [PlannedChange.RuleList] = ("ruleLists", "rule list"),
        [PlannedChange.Rule] = ("rules", "rule file"), [PlannedChange.Role] = ("roles", "role"),
    };

    /// <summary>Paths of the rule files that it names.</summary>
    public IReadOnlyList<string> Texts { get; init; } = [];

    /// <summary>A fault found by the service, located at the setting or at what would contain it.</summary>
    public FileFault Locate(string kind, int? index, string field, string sentence)
    {
        if (index is not { } at || !Lists.TryGetValue(kind, out var list))
        {
            return new FileFault(new FilePlace(Name, 0), "", field, sentence);
        }

        var path = field;
        FilePlace place;
        while (!Places.TryGetValue((kind, at, path), out place) && path.Length > 0)
        {
            path = path.LastIndexOfAny(['.', '[']) is var end and > 0 ? path[..end] : "";
        }

        return new FileFault(place, Describe(kind, at), field, sentence);
    }

    /// <summary>A resource in words: <c>source 'acme'</c>.</summary>
    public string Describe(string kind, int index) => Describe(
        kind, Find(kind, index)?["name"]?.ToString() is { } name ? OneLine.Of(name, 100) : $"number {index + 1}");

    /// <inheritdoc cref="Describe(string, int)"/>
    public static string Describe(string kind, string name) => $"{Lists[kind].Words} '{name}'";

    /// <summary>The declaration of a resource.</summary>
    public JsonObject? Find(string kind, int index) => Request[Lists[kind].List]?.AsArray().ElementAtOrDefault(index) as JsonObject;
}

/// <summary>Reads YAML configuration files, converting each value according to the API contract; every fault is reported with its line.</summary>
internal static class ConfigurationReader
{
    private const long MaxBytes = 1024 * 1024;
    private static readonly string[] Endings = [".yaml", ".yml", ".json"];

    private static readonly Dictionary<string, string> Kinds = new()
    {
        ["enginePools"] = PlannedChange.Pool, ["sources"] = PlannedChange.Source, ["integrations"] = PlannedChange.Integration,
        ["ruleLists"] = PlannedChange.RuleList, ["rules"] = PlannedChange.Rule, ["roles"] = PlannedChange.Role,
    };

    /// <summary>The files at a path: the path itself, or for a folder its non-hidden files in order of name.</summary>
    public static IReadOnlyList<string> List(string path) => Directory.Exists(path)
        ? [.. Directory.GetFiles(path).Where(file => Endings.Contains(Path.GetExtension(file)) && !Path.GetFileName(file).StartsWith('.'))
            .Order(StringComparer.Ordinal)]
        : [path];

    /// <summary>The declarations in a file or folder; never throws because of their content.</summary>
    public static DeclaredConfiguration Read(string path)
    {
        var reading = new ContractReading();
        var request = new JsonObject();
        var files = List(path);
        if (files.Count == 0)
        {
            reading.Faults.Add(new FileFault(new FilePlace(path, 0), "", "", "The folder contains no .yaml, .yml or .json file."));
        }

        foreach (var file in files)
        {
            foreach (var root in Load(file, reading))
            {
                Merge(file, root, request, reading);
            }
        }

        var usual = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));
        var name = request["name"]?.GetValue<string>() ?? usual;
        if (!Provenance.IsName(name))
        {
            reading.Faults.Add(new FileFault(
                new FilePlace(path, 0), "", "name", 
                $"'{OneLine.Of(name, 100)}' is not a valid configuration name: set name: to letters, digits, spaces, dots, dashes or underscores."));
        }

        request["name"] = name;
        return new DeclaredConfiguration(name, request, reading.Faults, reading.Places) { Texts = reading.Texts };
    }

    private static List<YamlNode> Load(string file, ContractReading reading)
    {
        try
        {
            if (new FileInfo(file) is { Exists: true, Length: > MaxBytes })
            {
                reading.Faults.Add(new FileFault(new FilePlace(file, 0), "", "", "The file is larger than 1 MiB; split it, and give the folder instead."));
                return [];
            }

            using var text = File.OpenText(file);
            var stream = new YamlStream();
            stream.Load(text);
            return [.. stream.Documents.Select(document => document.RootNode)];
        }
        catch (YamlException exception)
        {
            var reason = OneLine.Of(exception.InnerException?.Message ?? exception.Message, 300);
            reading.Faults.Add(new FileFault(new FilePlace(file, exception.Start.Line), "", "", $"The YAML is invalid: {reason}"));
            return [];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            reading.Faults.Add(new FileFault(new FilePlace(file, 0), "", "", $"The file cannot be read: {OneLine.Of(exception.Message, 300)}"));
            return [];
        }
    }

    private static void Merge(string file, YamlNode root, JsonObject request, ContractReading reading)
    {
        if (root is YamlScalarNode { Value: null or "" })
        {
            return;
        }

        if (root is not YamlMappingNode members)
        {
            reading.Faults.Add(new FileFault(
                new FilePlace(file, root.Start.Line), "", "",
                "A configuration file must be a mapping with the keys enginePools, sources, integrations, ruleLists, rules and roles."));
            return;
        }

        foreach (var (key, value) in members.Children)
        {
            var name = (key as YamlScalarNode)?.Value ?? "";
            if (Kinds.TryGetValue(name, out var kind))
            {
                var list = request[name]?.AsArray() ?? [];
                request[name] ??= list;
                var first = list.Count;
                reading.ReadList(file, kind, value, list);
                if (kind == PlannedChange.Rule)
                {
                    RuleTexts.Take(file, list, first, reading);
                }
            }
            else if (reading.ReadOwn(file, name, key, value) is { } own)
            {
                if (request[name] is { } other && !JsonNode.DeepEquals(other, own))
                {
                    reading.Faults.Add(new FileFault(
                        new FilePlace(file, key.Start.Line), "", name, $"Is {own} here and {other} in another file in the folder; set it once."));
                }

                request[name] = own;
            }
        }
    }
}
