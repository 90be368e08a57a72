using System.Globalization;
using System.Text;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace SiemForwarder.Detections.Yaml;

/// <summary>The documents of one file, or why it cannot be read.</summary>
/// <param name="Documents">In the order of the file; empty where it was refused.</param>
/// <param name="Problem">A sentence with the line, or null.</param>
public sealed record YamlFile(IReadOnlyList<YamlNode> Documents, string? Problem);

/// <summary>Reads YAML 1.2 with the core schema from whoever sent it: bounded in bytes, depth and nodes, each key once.</summary>
/// <remarks>YAML 1.2.2 sections 6.9 (anchors), 7.1 (aliases) and 10.3 (core schema). An alias counts as the nodes it stands for.</remarks>
public static class YamlReader
{
    /// <summary>Bytes of a file as UTF-8.</summary>
    public const int MaxBytes = 1024 * 1024;

    /// <summary>Maps and lists inside one another.</summary>
    public const int MaxDepth = 64;

    /// <summary>Nodes of a file, each alias counted as all that it stands for.</summary>
    public const int MaxNodes = 200_000;

    /// <summary>Reads all documents of <paramref name="text"/>; never throws for what it holds.</summary>
    public static YamlFile Read(string text)
    {
        if (text.Length > MaxBytes || Encoding.UTF8.GetByteCount(text) > MaxBytes)
        {
            return new YamlFile([], "The file is larger than 1 MiB; split it.");
        }

        try
        {
            return new YamlFile(new Reading(text).ReadDocuments(), null);
        }
        catch (YamlException fault)
        {
            var line = fault.Start.Line.ToString(CultureInfo.InvariantCulture);
            return new YamlFile([], $"Line {line} is no YAML that a rule may hold: {fault.Message.TrimEnd('.')}.");
        }
    }

    private sealed class Reading(string text)
    {
        private readonly Parser parser = new(new StringReader(text));
        private readonly Dictionary<AnchorName, (YamlNode Node, int Count)> anchors = [];
        private int nodes;

        public List<YamlNode> ReadDocuments()
        {
            var documents = new List<YamlNode>();
            parser.Consume<StreamStart>();
            while (!parser.TryConsume<StreamEnd>(out _))
            {
                parser.Consume<DocumentStart>();
                anchors.Clear();
                var document = ReadNode(0);
                parser.Consume<DocumentEnd>();
                if (document is not YamlScalar { Kind: ScalarKind.Null })
                {
                    documents.Add(document);
                }
            }

            return documents;
        }

        private YamlNode ReadNode(int depth)
        {
            var before = nodes;
            var at = parser.Current!;
            if (depth > MaxDepth)
            {
                throw new YamlException(at.Start, at.End, "maps and lists stand in one another more than 64 deep");
            }

            if (parser.TryConsume<AnchorAlias>(out var alias))
            {
                if (!anchors.TryGetValue(alias.Value, out var meant))
                {
                    throw new YamlException(at.Start, at.End, $"the alias {alias.Value} stands for nothing before it");
                }

                Count(meant.Count, at);
                return meant.Node;
            }

            Count(1, at);
            var anchor = (at as NodeEvent)?.Anchor ?? AnchorName.Empty;
            YamlNode node = parser.Accept<MappingStart>(out _) ? ReadMap(depth) : parser.Accept<SequenceStart>(out _) ? ReadList(depth) : ReadScalar();
            if (!anchor.IsEmpty)
            {
                anchors[anchor] = (node, nodes - before);
            }

            return node;
        }

        private void Count(int count, ParsingEvent at)
        {
            nodes += count;
            if (nodes > MaxNodes)
            {
                throw new YamlException(at.Start, at.End, "the file holds more than 200,000 values, aliases counted as what they stand for");
            }
        }

        private YamlMap ReadMap(int depth)
        {
            var start = parser.Consume<MappingStart>();
            var entries = new List<KeyValuePair<string, YamlNode>>();
            var names = new HashSet<string>(StringComparer.Ordinal);
            while (!parser.TryConsume<MappingEnd>(out _))
            {
                var at = parser.Current!;
                if (ReadNode(depth + 1) is not YamlScalar key)
                {
                    throw new YamlException(at.Start, at.End, "a key must be a plain text");
                }

                if (!names.Add(key.Text))
                {
                    throw new YamlException(at.Start, at.End, $"the key '{key.Text}' stands twice in one map");
                }

                entries.Add(new(key.Text, ReadNode(depth + 1)));
            }

            return new YamlMap((int)start.Start.Line, entries);
        }

        private YamlList ReadList(int depth)
        {
            var start = parser.Consume<SequenceStart>();
            var items = new List<YamlNode>();
            while (!parser.TryConsume<SequenceEnd>(out _))
            {
                items.Add(ReadNode(depth + 1));
            }

            return new YamlList((int)start.Start.Line, items);
        }

        private YamlScalar ReadScalar()
        {
            var scalar = parser.Consume<Scalar>();
            var isQuoted = scalar.Style is not (ScalarStyle.Plain or ScalarStyle.Any);
            var kind = isQuoted || scalar.Tag == "tag:yaml.org,2002:str" || scalar.Tag == "!" ? ScalarKind.Text : KindOf(scalar.Value);
            return new YamlScalar((int)scalar.Start.Line, kind, scalar.Value, isQuoted);
        }
    }

    private static ScalarKind KindOf(string text) => text switch
    {
        "" or "~" or "null" or "Null" or "NULL" => ScalarKind.Null,
        "true" or "True" or "TRUE" or "false" or "False" or "FALSE" => ScalarKind.Boolean,
        _ when IsInteger(text) => ScalarKind.Integer,
        _ when IsNumber(text) => ScalarKind.Number,
        _ => ScalarKind.Text,
    };

    private static bool IsInteger(string text)
    {
        var digits = text.AsSpan(text[0] is '-' or '+' ? 1 : 0);
        return !digits.IsEmpty && digits.IndexOfAnyExceptInRange('0', '9') < 0;
    }

    private static bool IsNumber(string text) =>
        (char.IsAsciiDigit(text[^1]) || text[^1] == '.') && text.AsSpan().IndexOfAnyInRange('0', '9') >= 0
        && double.TryParse(
            text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out _);
}
