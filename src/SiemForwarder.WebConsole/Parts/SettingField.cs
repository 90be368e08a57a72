using System.Globalization;
using System.Text.Json.Nodes;
using SiemForwarder.WebConsole.Api;

namespace SiemForwarder.WebConsole.Parts;

/// <summary>How a setting is shown and edited.</summary>
public enum SettingKind
{
    /// <summary>One line.</summary>
    Text,

    /// <summary>A number.</summary>
    Number,

    /// <summary>Yes or no.</summary>
    Flag,

    /// <summary>Texts separated by commas.</summary>
    List,

    /// <summary>Numbers separated by commas.</summary>
    Numbers,

    /// <summary>Several lines.</summary>
    Area,

    /// <summary>Write-only; shown as whether it is set.</summary>
    Secret,

    /// <summary>Privacy rules, one per line: field and action.</summary>
    Rules,
}

/// <summary>One setting of a resource: where it stands in its JSON, and how it is edited.</summary>
/// <param name="Path">Path of members, such as <c>syslog.format</c>.</param>
/// <param name="Label">What a person calls it.</param>
/// <param name="Kind">How it is edited.</param>
/// <param name="Hint">What to know about it.</param>
/// <param name="Choices">The values that it may have; null for any.</param>
/// <param name="Default">What counts if it is not given; null if that is said elsewhere.</param>
/// <param name="IsRequired">Whether it must be given.</param>
public sealed record SettingField(
    string Path, string Label, SettingKind Kind = SettingKind.Text, string? Hint = null, string[]? Choices = null, string? Default = null,
    bool IsRequired = false)
{
    private static readonly char[] Separators = [',', '\n'];

    /// <summary>The setting as a person reads and edits it.</summary>
    public string Read(JsonNode? resource) => Find(resource) switch
    {
        null => "",
        JsonArray rules when Kind == SettingKind.Rules => string.Join('\n', rules.Select(rule => $"{rule.Text("field")} {rule.Text("action")}")),
        JsonArray list => string.Join(", ", list.Select(one => one.Texts())),
        var value => value.Texts() ?? "",
    };

    /// <summary>The setting as a form begins with it: a secret is never filled in.</summary>
    public string Begin(JsonNode? resource) => Kind switch
    {
        SettingKind.Secret => "",
        SettingKind.Flag when Read(resource).Length == 0 => Default ?? "false",
        _ => Read(resource),
    };

    /// <summary>The setting as a person reads it, with its default where it is not given.</summary>
    public string Show(JsonNode? resource) => (Kind, Read(resource)) switch
    {
        (SettingKind.Secret, _) => IsSet(resource) ? "set" : "–",
        (SettingKind.Flag, var flag) => (flag.Length == 0 ? Default : flag) == "true" ? "yes" : "no",
        (_, "") => Default is null ? "–" : $"{Default} (default)",
        (_, var text) => text.StartsWith("-----BEGIN", StringComparison.Ordinal) ? "given" : text,
    };

    /// <summary>What a person can choose from; null for any text.</summary>
    public IEnumerable<(string Value, string Text)>? ChoicesToShow => Kind == SettingKind.Flag
        ? [("true", "yes"), ("false", "no")]
        : Choices?.Select(choice => (choice, choice.Length > 0 ? choice : Default is null ? "default" : $"{Default} (default)"));

    /// <summary>Whether a secret is set.</summary>
    public bool IsSet(JsonNode? resource) => (this with { Path = $"{Path}Set" }).Read(resource) == "true";

    /// <summary>Adds the edited value to a merge patch; an empty one restores the default.</summary>
    public void Write(JsonObject patch, string text)
    {
        var names = Path.Split('.');
        var target = patch;
        foreach (var name in names[..^1])
        {
            if (target[name] is not JsonObject inner)
            {
                target[name] = inner = [];
            }

            target = inner;
        }

        target[names[^1]] = Parse(text.Trim());
    }

    private JsonNode? Parse(string text) => Kind switch
    {
        SettingKind.List => new JsonArray([.. Split(text).Select(one => (JsonNode)one)]),
        SettingKind.Numbers => new JsonArray([.. Split(text).Select(Whole)]),
        SettingKind.Rules => new JsonArray([.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(Rule)]),
        _ when text.Length == 0 => null,
        SettingKind.Number when long.TryParse(text, CultureInfo.InvariantCulture, out var number) => number,
        SettingKind.Flag => text == "true",
        _ => text,
    };

    // What is no number is left for the API to refuse.
    private static JsonNode Whole(string text) => int.TryParse(text, CultureInfo.InvariantCulture, out var number) ? number : text;

    private static JsonNode Rule(string line)
    {
        var words = line.Split(' ', 2, StringSplitOptions.TrimEntries);
        return new JsonObject { ["field"] = words[0], ["action"] = words.ElementAtOrDefault(1) };
    }

    private static string[] Split(string text) => text.Split(Separators, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private JsonNode? Find(JsonNode? resource)
    {
        foreach (var name in Path.Split('.'))
        {
            resource = (resource as JsonObject)?[name];
        }

        return resource;
    }
}
