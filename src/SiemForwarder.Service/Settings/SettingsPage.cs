using System.Text.RegularExpressions;

namespace SiemForwarder.Service.Settings;

/// <summary>What docs/settings.md says of a setting.</summary>
/// <param name="Default">Its default, in words where it differs between machines.</param>
/// <param name="Description">What it is for.</param>
internal sealed record SettingDescription(string Default, string Description);

/// <summary>The documentation of the settings, which is part of the program.</summary>
internal static partial class SettingsPage
{
    private const string Resource = "settings.md";

    private static readonly Lazy<Dictionary<string, SettingDescription>> All = new(Read);

    /// <summary>What is said of a setting, given by its name in the environment; null if nothing is.</summary>
    public static SettingDescription? Find(string name) => All.Value.GetValueOrDefault(name);

    private static Dictionary<string, SettingDescription> Read()
    {
        using var stream = typeof(SettingsPage).Assembly.GetManifestResourceStream(Resource)
            ?? throw new InvalidOperationException($"{Resource} is not embedded.");
        using var reader = new StreamReader(stream);
        return Row().Matches(reader.ReadToEnd()).ToDictionary(
            row => row.Groups["name"].Value,
            row => new SettingDescription(Plain(row.Groups["default"].Value), Plain(row.Groups["text"].Value)));
    }

    private static string Plain(string cell) => cell.Replace("`", "", StringComparison.Ordinal).Trim();

    // A list shows its first entry, a map one of its names.
    [GeneratedRegex(@"^\| `(?<name>Forwarder__\w+?)(?:(?:__NAME)?__0)?`(?: …)? \| (?<default>[^|\n]*) \| (?<text>[^\n]*) \|\r?$", RegexOptions.Multiline, 1000)]
    private static partial Regex Row();
}
