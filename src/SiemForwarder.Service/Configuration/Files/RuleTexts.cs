using System.Text.Json.Nodes;
using SiemForwarder.Connections;

namespace SiemForwarder.Service.Configuration.Files;

/// <summary>Puts the texts of rule files that a configuration names by path into it, as if they stood there.</summary>
internal static class RuleTexts
{
    private const long MaxBytes = 1024 * 1024;

    // The member that names a file, and the one that its text becomes.
    private static readonly (string Path, string Text)[] Members = [("file", "yaml"), ("fixturesFile", "fixtures")];

    /// <summary>The member that the text of a file becomes; null for a member that names no file.</summary>
    public static string? TextOf(string path) => Members.FirstOrDefault(member => member.Path == path).Text;

    /// <summary>Reads the files of the rules from a position of the list on; the service itself never reads a path that a request names.</summary>
    /// <param name="file">The configuration file; paths are relative to its folder.</param>
    /// <param name="rules">The declared rules.</param>
    /// <param name="first">Position of the first one of this file.</param>
    /// <param name="reading">Receives faults, and the paths that were read.</param>
    public static void Take(string file, JsonArray rules, int first, ContractReading reading)
    {
        for (var index = first; index < rules.Count; index++)
        {
            foreach (var (path, text) in Members)
            {
                if (rules[index] is JsonObject rule && rule[path]?.GetValue<string>() is { } named)
                {
                    rule.Remove(path);
                    var whole = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(file))!, named);
                    reading.Texts.Add(whole);
                    var place = reading.Places.GetValueOrDefault((PlannedChange.Rule, index, path), new FilePlace(file, 0));
                    var (content, sentence) = rule[text] is null ? Read(whole) : ("", $"Stands beside {text}: give one of them.");
                    if (sentence is not null)
                    {
                        var resource = DeclaredConfiguration.Describe(PlannedChange.Rule, OneLine.Of(rule["name"]?.ToString() ?? $"number {index + 1}", 100));
                        reading.Faults.Add(new FileFault(place, resource, path, sentence));
                    }

                    rule[text] = content;
                    reading.Places[(PlannedChange.Rule, index, text)] = place;
                }
            }
        }
    }

    private static (string Content, string? Fault) Read(string path)
    {
        try
        {
            return new FileInfo(path) is { Exists: true, Length: > MaxBytes }
                ? ("", "The file is larger than 1 MiB: split its rules into several files.")
                : (File.ReadAllText(path), null);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return ("", $"The file cannot be read: {OneLine.Of(exception.Message, 300)}");
        }
    }
}
