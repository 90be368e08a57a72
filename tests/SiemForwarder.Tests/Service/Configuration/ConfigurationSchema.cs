using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using SiemForwarder.Destinations;
using SiemForwarder.Events;
using SiemForwarder.Events.Formats;
using SiemForwarder.Service.Configuration;
using SiemForwarder.Service.Configuration.Files;
using SiemForwarder.Service.Integrations.Presets;

namespace SiemForwarder.Tests.Service.Configuration;

/// <summary>The JSON Schema of a configuration file, made of the contracts by which it is read.</summary>
internal static class ConfigurationSchema
{
    private static readonly Dictionary<string, XElement> Comments = XDocument.Load(Path.ChangeExtension(typeof(ConfigurationRequest).Assembly.Location, ".xml"))
        .Descendants("member").ToDictionary(member => member.Attribute("name")!.Value);

    private static readonly Dictionary<string, (string Kind, string Description)> Lists = new()
    {
        ["enginePools"] = (PlannedChange.Pool, "Network zones whose engines reach destinations."),
        ["sources"] = (PlannedChange.Source, "Where events come from."),
        ["integrations"] = (PlannedChange.Integration, "Where events go, and in which form."),
        ["ruleLists"] = (PlannedChange.RuleList, "Values for placeholders in detection rules."),
        ["rules"] = (PlannedChange.Rule, "Files of detection rules, and which of those that come with the forwarder run."),
        ["roles"] = (PlannedChange.Role, "Who in the realm has which role."),
    };

    // Values that the contracts do not name, since catalogues do.
    private static readonly Dictionary<string, IReadOnlyList<string>> Choices = new()
    {
        ["integration.destination"] = [.. DestinationCatalog.All.Select(kind => kind.Id)],
        ["integration.preset"] = [.. PresetCatalog.All.Select(preset => preset.Id)],
        ["integration.schema"] = EventFormatCatalog.Schemas,
        ["integration.filter.include.categories[]"] = EventCatalog.Categories,
        ["integration.filter.exclude.categories[]"] = EventCatalog.Categories,
    };

    /// <summary>The schema as it is published.</summary>
    public static JsonObject Create()
    {
        var contract = JsonSerializerOptions.Web.GetTypeInfo(typeof(ConfigurationRequest));
        var properties = new JsonObject();
        foreach (var property in contract.Properties)
        {
            properties[property.Name] = Lists.TryGetValue(property.Name, out var list)
                ? new JsonObject
                {
                    ["description"] = list.Description, ["type"] = new JsonArray("array", "null"),
                    ["items"] = Of(list.Kind, "", JsonSerializerOptions.Web.GetTypeInfo(property.PropertyType).ElementType!, null),
                }
                : Of("", property.Name, property.PropertyType, property);
        }

        return new JsonObject
        {
            ["$schema"] = "http://json-schema.org/draft-07/schema#", ["title"] = "Configuration of SiemForwarder",
            ["description"] = "Engine pools, sources, integrations, rules and roles for siemforwarder apply: docs/configuration.md.",
            ["type"] = "object", ["additionalProperties"] = false, ["properties"] = properties,
        };
    }

    private static JsonObject Of(string kind, string path, Type given, JsonPropertyInfo? property)
    {
        var type = Nullable.GetUnderlyingType(given) ?? given;
        var schema = new JsonObject();
        if (property is not null && Describe(property) is { Length: > 0 } description)
        {
            schema["description"] = description;
        }

        if (kind.Length > 0 && ContractReading.SecretsOf(kind).Contains(path))
        {
            (schema["type"], schema["pattern"]) = (new JsonArray("string", "null"), "^\\s*(?:(?:env|file):.*)?$");
            return schema;
        }

        if (type == typeof(JsonElement))
        {
            (schema["type"], schema["properties"]) = (new JsonArray("object", "null"), OwnSettings(kind, path));
            return schema;
        }

        var attributes = property?.AttributeProvider?.GetCustomAttributes(inherit: true) ?? [];
        var info = JsonSerializerOptions.Web.GetTypeInfo(type);
        var isList = type != typeof(string) && info.Kind == JsonTypeInfoKind.Enumerable;
        if (isList)
        {
            var item = Of(kind, path + "[]", info.ElementType!, null);
            Restrict(item, kind, path + "[]", attributes);
            (schema["type"], schema["items"]) = (new JsonArray("array", "null"), item);
        }
        else if (info.Kind == JsonTypeInfoKind.Object)
        {
            var properties = new JsonObject();
            foreach (var one in info.Properties.Where(one => one.AttributeProvider?.IsDefined(typeof(ReadOnlyAttribute), inherit: true) != true))
            {
                properties[one.Name] = Of(kind, path.Length == 0 ? one.Name : $"{path}.{one.Name}", one.PropertyType, one);
            }

            schema["type"] = path.Length == 0 ? "object" : new JsonArray("object", "null");
            (schema["additionalProperties"], schema["properties"]) = (false, properties);
        }
        else
        {
            schema["type"] = new JsonArray(type == typeof(bool) ? "boolean" : type == typeof(int) ? "integer" : "string", "null");
            Restrict(schema, kind, path, attributes);
        }

        return schema;
    }

    private static void Restrict(JsonObject schema, string kind, string path, object[] attributes)
    {
        if (attributes.OfType<AllowedValuesAttribute>().SingleOrDefault()?.Values.OfType<string>().ToList() is { } allowed)
        {
            Choose(schema, allowed);
        }
        else if (Choices.TryGetValue($"{kind}.{path}", out var choices))
        {
            Choose(schema, choices);
        }

        foreach (var range in attributes.OfType<RangeAttribute>())
        {
            (schema["minimum"], schema["maximum"]) = ((int)range.Minimum, (int)range.Maximum);
        }

        foreach (var length in attributes.OfType<LengthAttribute>())
        {
            (schema["minLength"], schema["maxLength"]) = (length.MinimumLength, length.MaximumLength);
        }

        foreach (var expression in attributes.OfType<RegularExpressionAttribute>())
        {
            schema["pattern"] = expression.Pattern;
        }
    }

    // The API reads them in any case; editors propose the words as they are written.
    private static void Choose(JsonObject schema, IReadOnlyList<string> words)
    {
        var anyCase = string.Join('|', words.Select(word => string.Concat(word.Select(
            letter => char.IsAsciiLetter(letter) ? $"[{char.ToUpperInvariant(letter)}{char.ToLowerInvariant(letter)}]" : Regex.Escape($"{letter}").Replace("\\-", "-", StringComparison.Ordinal)))));
        schema["anyOf"] = new JsonArray(
            new JsonObject { ["enum"] = new JsonArray([.. words.Select(word => (JsonNode)word)]) },
            new JsonObject { ["type"] = "string", ["pattern"] = $"^(?:{anyCase})$" }, new JsonObject { ["type"] = "null" });
    }

    private static JsonObject OwnSettings(string kind, string path)
    {
        var properties = new JsonObject();
        var fields = DestinationCatalog.All.SelectMany(one => one.Fields.Where(field => field.Name.StartsWith($"{path}.", StringComparison.Ordinal)).Select(field => (Kind: one.Id, Field: field)));
        foreach (var group in fields.GroupBy(one => one.Field.Name[(path.Length + 1)..]).Where(group => !group.Key.Contains('.', StringComparison.Ordinal)).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            var schema = new JsonObject
            {
                ["description"] = string.Join(' ', group.GroupBy(one => one.Field.Description).Select(one => $"{string.Join(", ", one.Select(each => each.Kind))}: {one.Key}")),
            };
            if (ContractReading.SecretsOf(kind).Contains($"{path}.{group.Key}"))
            {
                (schema["type"], schema["pattern"]) = (new JsonArray("string", "null"), "^\\s*(?:(?:env|file):.*)?$");
            }

            properties[group.Key] = schema;
        }

        return properties;
    }

    private static string Describe(JsonPropertyInfo property)
    {
        var member = (PropertyInfo)property.AttributeProvider!;
        var type = member.DeclaringType!;
        var comment = Comments.GetValueOrDefault($"P:{type.FullName}.{member.Name}")?.Element("summary")
            ?? Comments.GetValueOrDefault($"T:{type.FullName}")?.Elements("param").FirstOrDefault(one => one.Attribute("name")!.Value == member.Name);
        return comment is null ? "" : Regex.Replace(string.Concat(comment.Nodes().Select(node => node is XElement element
            ? element.Attribute("cref")?.Value.Split('.')[^1] ?? element.Value : ((XText)node).Value)), @"\s+", " ").Trim();
    }
}
