using System.Text;

namespace SiemForwarder.Detections.Yaml;

/// <summary>One node of a rule file, as YAML 1.2 reads it.</summary>
/// <param name="Line">Line in the file, from 1.</param>
public abstract record YamlNode(int Line)
{
    /// <summary>What the node is, for people: <c>a map</c>, <c>a list</c>, <c>a text</c>.</summary>
    internal abstract string Sort { get; }

    /// <summary>Writes the node in the one form that does not depend on layout, comments or the order of keys.</summary>
    internal abstract void WriteNormal(StringBuilder text);
}

/// <summary>A map with keys of text; no key stands twice.</summary>
public sealed record YamlMap(int Line, IReadOnlyList<KeyValuePair<string, YamlNode>> Entries) : YamlNode(Line)
{
    internal override string Sort => "a map";

    internal YamlNode? Find(string key)
    {
        foreach (var entry in Entries)
        {
            if (entry.Key == key)
            {
                return entry.Value;
            }
        }

        return null;
    }

    internal override void WriteNormal(StringBuilder text)
    {
        text.Append('{');
        foreach (var entry in Entries.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            text.Append(entry.Key.Length).Append(':').Append(entry.Key).Append('=');
            entry.Value.WriteNormal(text);
        }

        text.Append('}');
    }
}

/// <summary>A list of nodes.</summary>
public sealed record YamlList(int Line, IReadOnlyList<YamlNode> Items) : YamlNode(Line)
{
    internal override string Sort => "a list";

    internal override void WriteNormal(StringBuilder text)
    {
        text.Append('[');
        foreach (var item in Items)
        {
            item.WriteNormal(text);
            text.Append(',');
        }

        text.Append(']');
    }
}

/// <summary>What a plain value of the core schema of YAML 1.2 is (section 10.3.2).</summary>
public enum ScalarKind
{
    Text,
    Null,
    Boolean,
    Integer,
    Number,
}

/// <summary>One plain value; <paramref name="Text"/> is what the file says, without quotes.</summary>
/// <param name="IsQuoted">True where quotes or a block made it a text whatever it says.</param>
public sealed record YamlScalar(int Line, ScalarKind Kind, string Text, bool IsQuoted) : YamlNode(Line)
{
    internal override string Sort => Kind switch
    {
        ScalarKind.Null => "null",
        ScalarKind.Boolean => "true or false",
        ScalarKind.Integer or ScalarKind.Number => "a number",
        _ => "a text",
    };

    internal override void WriteNormal(StringBuilder text) => text.Append((int)Kind).Append(Text.Length).Append(':').Append(Text);
}
