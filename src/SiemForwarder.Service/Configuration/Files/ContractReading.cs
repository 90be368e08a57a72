using System.Collections.Frozen;
using System.ComponentModel;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.Integrations;
using SiemForwarder.Service.Settings;
using SiemForwarder.Service.Sources;
using SiemForwarder.Service.Storage.Protection;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace SiemForwarder.Service.Configuration.Files;

/// <summary>Converts YAML into the JSON of an API contract, member by member; records every fault and the location of each member.</summary>
/// <remarks>The type of a member decides how its text is read: <c>name: 007</c> is a text, because names are texts.</remarks>
internal sealed class ContractReading
{
    // An alias counts each time it is used, so that a small file cannot expand into a large one.
    private const int MaxNodes = 100_000;
    private const int MaxDepth = 32;

    private static readonly FrozenDictionary<string, Type> Contracts = new Dictionary<string, Type>
    {
        [PlannedChange.Pool] = typeof(EnginePoolRequest), [PlannedChange.Source] = typeof(SourceRequest),
        [PlannedChange.Integration] = typeof(DeclaredIntegration), [PlannedChange.RuleList] = typeof(DeclaredRuleList),
        [PlannedChange.Rule] = typeof(DeclaredRule), [PlannedChange.Role] = typeof(DeclaredRole),
    }.ToFrozenDictionary();

    private static readonly FrozenDictionary<string, FrozenSet<string>> Secrets = new Dictionary<string, FrozenSet<string>>
    {
        [PlannedChange.Pool] = [], [PlannedChange.RuleList] = [], [PlannedChange.Rule] = [], [PlannedChange.Role] = [],
        [PlannedChange.Source] =
        [
            SourceDefinition.ClientSecret, SourceDefinition.PrivateKey, SourceDefinition.ClientAssertion, SourceDefinition.ClientKey,
            SourceDefinition.InboxKey, SourceDefinition.InboxSecondKey,
        ],
        [PlannedChange.Integration] =
        [
            SecretName.PrivacyKey, .. DestinationCatalog.All.SelectMany(kind => kind.Fields).Where(field => field.Secret).Select(field => field.Name),
        ],
    }.ToFrozenDictionary();

    private int nodes;

    public List<FileFault> Faults { get; } = [];

    public Dictionary<(string Kind, int Index, string Field), FilePlace> Places { get; } = [];

    /// <summary>Paths of the files that the configuration names.</summary>
    public List<string> Texts { get; } = [];

    /// <summary>Paths of the secrets in a kind of resource.</summary>
    public static IReadOnlySet<string> SecretsOf(string kind) => Secrets[kind];

    /// <summary>Reads a list of resources and appends it to those of earlier files.</summary>
    public void ReadList(string file, string kind, YamlNode node, JsonArray list)
    {
        if (IsNull(node))
        {
            return;
        }

        if (node is not YamlSequenceNode items)
        {
            Faults.Add(new FileFault(new FilePlace(file, node.Start.Line), "", kind, "Must be a list: start each entry with a dash."));
            return;
        }

        foreach (var item in items.Children)
        {
            var at = new DeclaredItem(this, file, kind, list.Count, NameOf(item));
            at.Mark("", item);
            if (item is not YamlMappingNode)
            {
                at.Fault("", item, "Must be a mapping, such as name: acme.");
            }

            // Invalid entries also keep their position in the list, so that the others keep theirs.
            list.Add(item is YamlMappingNode ? Read(at, "", item, Contracts[kind]) : new JsonObject { ["name"] = $"entry {list.Count + 1}" });
        }
    }

    /// <summary>Reads a file's own members, <c>name</c> and <c>prune</c>; null, with a fault, for anything else.</summary>
    public JsonNode? ReadOwn(string file, string name, YamlNode key, YamlNode value)
    {
        var at = new DeclaredItem(this, file, "", 0, "");
        switch (name)
        {
            case "name":
                return Read(at, name, value, typeof(string));
            case "prune":
                return Read(at, name, value, typeof(bool));
            default:
                string[] known = ["name", "prune", "enginePools", "sources", "integrations", "ruleLists", "rules"];
                at.Fault(OneLine.Of(name, 100), key, Unknown(name, known));
                return null;
        }
    }

    private JsonNode? Read(DeclaredItem at, string path, YamlNode node, Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (++nodes > MaxNodes || path.Count(character => character is '.' or '[') > MaxDepth)
        {
            if (nodes == MaxNodes + 1 || nodes <= MaxNodes)
            {
                at.Fault(path, node, $"The configuration is too large or too deep: at most {MaxNodes} values and {MaxDepth} levels are allowed.");
            }

            return null;
        }

        if (IsNull(node))
        {
            return null;
        }

        if (IsSecret(at, path))
        {
            return ReadSecret(at, path, node);
        }

        return type == typeof(string) ? ReadText(at, path, node)
            : type == typeof(bool) ? ReadScalar(at, path, node, Flag, "true or false")
            : type == typeof(int) ? ReadScalar(at, path, node, Number, "a whole number")
            : type == typeof(JsonElement) ? ReadFree(at, path, node)
            : JsonSerializerOptions.Web.GetTypeInfo(type) switch
            {
                { Kind: JsonTypeInfoKind.Enumerable } list => ReadItems(at, path, node, list.ElementType!),
                var contract => ReadMembers(at, path, node, contract),
            };
    }

    private JsonObject? ReadMembers(DeclaredItem at, string path, YamlNode node, JsonTypeInfo contract)
    {
        if (node is not YamlMappingNode mapping)
        {
            at.Fault(path, node, "Must be a mapping, with each of its settings on a line of its own below it.");
            return null;
        }

        var members = new JsonObject();
        var known = contract.Properties.Where(property => property.AttributeProvider?.IsDefined(typeof(ReadOnlyAttribute), inherit: true) != true).ToList();
        foreach (var (key, value) in mapping.Children)
        {
            var name = (key as YamlScalarNode)?.Value ?? "";
            var field = path.Length == 0 ? name : $"{path}.{name}";
            at.Mark(field, key);
            if (known.Find(property => property.Name == name) is { } property)
            {
                members[name] = Read(at, field, value, property.PropertyType);
            }
            else
            {
                at.Fault(field, key, contract.Properties.Any(one => one.Name == name)
                    ? "Is read-only and cannot be set; remove it."
                    : Unknown(name, known.Select(one => one.Name)));
            }
        }

        return members;
    }

    private JsonArray? ReadItems(DeclaredItem at, string path, YamlNode node, Type type)
    {
        if (node is not YamlSequenceNode items)
        {
            at.Fault(path, node, "Must be a list: write it in brackets, or start each entry with a dash.");
            return null;
        }

        var list = new JsonArray();
        foreach (var item in items.Children)
        {
            var field = $"{path}[{list.Count}]";
            at.Mark(field, item);
            list.Add(Read(at, field, item, type));
        }

        return list;
    }

    // Settings specific to a destination: the YAML rules decide the type of plain scalars.
    private JsonNode? ReadFree(DeclaredItem at, string path, YamlNode node)
    {
        switch (node)
        {
            case YamlMappingNode mapping:
                var members = new JsonObject();
                foreach (var (key, value) in mapping.Children)
                {
                    var name = (key as YamlScalarNode)?.Value ?? "";
                    at.Mark($"{path}.{name}", key);
                    members[name] = Read(at, $"{path}.{name}", value, typeof(JsonElement));
                }

                return members;
            case YamlSequenceNode items:
                var list = new JsonArray();
                foreach (var item in items.Children)
                {
                    list.Add(Read(at, $"{path}[{list.Count}]", item, typeof(JsonElement)));
                }

                return list;
            default:
                return YamlScalars.Resolve((YamlScalarNode)node);
        }
    }

    private static JsonNode? ReadText(DeclaredItem at, string path, YamlNode node)
    {
        if (node is not YamlScalarNode { Value: { } text })
        {
            at.Fault(path, node, "Must be a text.");
            return null;
        }

        if (text.Contains('\0', StringComparison.Ordinal))
        {
            at.Fault(path, node, "Must not contain the character U+0000.");
            return null;
        }

        return text;
    }

    private static JsonNode? ReadScalar(DeclaredItem at, string path, YamlNode node, Func<string, JsonNode?> parse, string wanted)
    {
        var text = (node as YamlScalarNode)?.Value;
        if (text is null || parse(text) is not { } value)
        {
            at.Fault(path, node, text is null ? $"Must be {wanted}." : $"Must be {wanted}, not '{OneLine.Of(text, 40)}'.");
            return null;
        }

        return value;
    }

    private static JsonNode? Flag(string text) => bool.TryParse(text, out var flag) ? flag : null;

    private static JsonNode? Number(string text) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static JsonNode? ReadSecret(DeclaredItem at, string path, YamlNode node)
    {
        var text = (node as YamlScalarNode)?.Value;
        // An empty one removes the stored secret.
        if (text is { Length: 0 } || SecretReferences.IsReference(text))
        {
            return text;
        }

        at.Fault(path, node, StoredSecret.Is(text)
            ? "Is the placeholder for a secret that was not exported: put the secret into a variable or a file and write env:NAME or file:/path here, "
                + "or remove the line to keep the stored one."
            : "Is a secret, which must not appear in a configuration file: put it into a variable or a file on the service's machine and write env:NAME or "
                + "file:/path here.");
        return null;
    }

    private static bool IsSecret(DeclaredItem at, string path) => at.Kind.Length > 0 && Secrets[at.Kind].Contains(path);

    private static bool IsNull(YamlNode node) => node is YamlScalarNode { Style: ScalarStyle.Plain, Value: null or "" or "~" or "null" or "Null" or "NULL" };

    private static string Unknown(string name, IEnumerable<string> known)
    {
        var names = known.ToList();
        return NearestName.Find(name, names) is { } meant
            ? $"There is no such setting; did you mean {meant}?"
            : $"There is no such setting here; available settings: {string.Join(", ", names)}.";
    }

    private static string NameOf(YamlNode node) => node is YamlMappingNode mapping
        && mapping.Children.TryGetValue(new YamlScalarNode("name"), out var name) && name is YamlScalarNode { Value: { } text } ? OneLine.Of(text, 100) : "";

    /// <summary>The resource being read.</summary>
    private sealed record DeclaredItem(ContractReading Reading, string File, string Kind, int Index, string Name)
    {
        public void Mark(string field, YamlNode node) => Reading.Places[(Kind, Index, field)] = new FilePlace(File, node.Start.Line);

        public void Fault(string field, YamlNode node, string sentence) => Reading.Faults.Add(new FileFault(
            new FilePlace(File, node.Start.Line),
            Kind.Length == 0 ? "" : DeclaredConfiguration.Describe(Kind, Name.Length > 0 ? Name : $"number {Index + 1}"), field, sentence));
    }
}

/// <summary>Plain scalars according to the YAML 1.2 core schema (section 10.3.2), and texts that would be read as something else.</summary>
internal static class YamlScalars
{
    /// <summary>The value of a scalar whose type is not determined by a contract.</summary>
    public static JsonNode? Resolve(YamlScalarNode node) => node.Style == ScalarStyle.Plain ? ResolvePlain(node.Value ?? "") : node.Value;

    /// <summary>Whether a text means something else without quotes.</summary>
    public static bool NeedsQuotes(string text) => ResolvePlain(text)?.GetValueKind() != JsonValueKind.String;

    private static JsonNode? ResolvePlain(string text) => text switch
    {
        "" or "~" or "null" or "Null" or "NULL" => null,
        "true" or "True" or "TRUE" => true,
        "false" or "False" or "FALSE" => false,
        _ when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) => number,
        _ when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) => number,
        _ => text,
    };
}
