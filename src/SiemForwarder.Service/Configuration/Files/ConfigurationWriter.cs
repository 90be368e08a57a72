using System.Text.Json;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace SiemForwarder.Service.Configuration.Files;

/// <summary>Writes a configuration as YAML that reads back unchanged.</summary>
internal static class ConfigurationWriter
{
    private const string DocumentEnd = "...";

    /// <summary>The text of the file.</summary>
    /// <param name="configuration">As returned by the API.</param>
    public static string Write(JsonObject configuration)
    {
        var root = new YamlMappingNode();
        foreach (var (list, value) in configuration)
        {
            if (value is not JsonArray { Count: 0 })
            {
                root.Add(list, Node(value));
            }
        }

        using var text = new StringWriter { NewLine = "\n" };
        if (root.Children.Count > 0)
        {
            new YamlStream(new YamlDocument(root)).Save(text, assignAnchors: false);
        }

        return text.ToString().ReplaceLineEndings("\n").TrimEnd() is var written && written.EndsWith($"\n{DocumentEnd}", StringComparison.Ordinal)
            ? written[..^DocumentEnd.Length]
            : $"{written}\n";
    }

    private static YamlNode Node(JsonNode? value) => value switch
    {
        JsonObject members => new YamlMappingNode(
            members.Select(member => KeyValuePair.Create<YamlNode, YamlNode>(new YamlScalarNode(member.Key), Node(member.Value)))),
        JsonArray items when items.All(item => item is JsonValue) => new YamlSequenceNode(items.Select(Node)) { Style = SequenceStyle.Flow },
        JsonArray items => new YamlSequenceNode(items.Select(Node)),
        null => new YamlScalarNode("null"),
        _ when value.GetValueKind() == JsonValueKind.String => Text(value.GetValue<string>()),
        _ => new YamlScalarNode(value.ToJsonString()),
    };

    private static YamlScalarNode Text(string text) => new(text)
    {
        Style = text.TrimEnd('\n').Contains('\n', StringComparison.Ordinal) && !text.Contains('\r', StringComparison.Ordinal) ? ScalarStyle.Literal
            : YamlScalars.NeedsQuotes(text) ? ScalarStyle.DoubleQuoted : ScalarStyle.Any,
    };
}
