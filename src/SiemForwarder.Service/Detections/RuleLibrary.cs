using SiemForwarder.Detections;
using SiemForwarder.Detections.Rules;

namespace SiemForwarder.Service.Detections;

/// <summary>All rule files and lists, those that come with the forwarder and those that were stored.</summary>
/// <param name="Version">Version of the stored ones together; 0 if unknown.</param>
/// <param name="Files">Every rule file by name.</param>
/// <param name="Lists">Every list by name.</param>
internal sealed record RuleLibrary(int Version, IReadOnlyDictionary<string, StoredRule> Files, IReadOnlyDictionary<string, StoredList> Lists)
{
    private const string Ending = ".yml";
    private RuleNeeds? needs;

    /// <summary>The rule files that come with the forwarder, by name.</summary>
    public static IReadOnlyDictionary<string, PackFile> Pack { get; } = DetectionPack.Files.ToDictionary(file => NameOf(file.File), StringComparer.Ordinal);

    /// <summary>The values of all lists.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Values =>
        Lists.ToDictionary(list => list.Key, list => list.Value.Entries, StringComparer.Ordinal);

    /// <summary>Puts the stored files and lists beside those of the pack.</summary>
    public static RuleLibrary Of(int version, IReadOnlyList<StoredRule> rules, IReadOnlyList<StoredList> lists)
    {
        var files = Pack.Keys.ToDictionary(name => name, name => new StoredRule(name, true, false, null, null, null, 0, null), StringComparer.Ordinal);
        foreach (var rule in rules.Where(rule => !rule.IsPack || Pack.ContainsKey(rule.Name)))
        {
            files[rule.Name] = rule;
        }

        var all = DetectionPack.Lists.ToDictionary(list => list.Key, list => new StoredList(list.Key, list.Value, 0, null), StringComparer.Ordinal);
        foreach (var list in lists)
        {
            all[list.Name] = list;
        }

        return new RuleLibrary(version, files, all);
    }

    /// <summary>The YAML of a file.</summary>
    public static string BodyOf(StoredRule rule) => rule.Body ?? Pack[rule.Name].File.Text;

    /// <summary>The fixtures of a file; null for none.</summary>
    public static string? FixturesOf(StoredRule rule) => rule.IsPack ? Pack[rule.Name].Fixtures : rule.Fixtures;

    /// <summary>Compiles some files together with those that they need.</summary>
    /// <param name="wanted">Names of files.</param>
    /// <param name="changed">A file as it is to be, in place of the one with its name; null for none.</param>
    public RuleSet Compile(IEnumerable<string> wanted, RuleFile? changed = null)
    {
        var known = needs ??= new RuleNeeds([.. Files.Values.Select(rule => new RuleFile(rule.Name, BodyOf(rule)))]);
        if (changed is not null)
        {
            known = new RuleNeeds(
                [.. Files.Values.Where(rule => rule.Name != changed.Name).Select(rule => new RuleFile(rule.Name, BodyOf(rule))), changed]);
        }

        return RuleSet.Load(known.Select(wanted), Values);
    }

    /// <summary>Whether a file names rules of another, itself or through others.</summary>
    public bool Needs(string name, string other)
    {
        needs ??= new RuleNeeds([.. Files.Values.Select(rule => new RuleFile(rule.Name, BodyOf(rule)))]);
        return needs.Select([name]).Any(file => file.Name == other);
    }

    /// <summary>Compiles the enabled files.</summary>
    /// <param name="also">A file that is to run beside them.</param>
    public RunningRules CompileEnabled(string? also = null)
    {
        var enabled = Files.Values.Where(rule => rule.Enabled || rule.Name == also).Select(rule => rule.Name).ToHashSet(StringComparer.Ordinal);
        return new RunningRules(Compile(enabled), enabled);
    }

    private static string NameOf(RuleFile file) => file.Name.EndsWith(Ending, StringComparison.Ordinal) ? file.Name[..^Ending.Length] : file.Name;
}

/// <summary>The rules that run.</summary>
/// <param name="Rules">Those of the enabled files, and those that they need.</param>
/// <param name="Enabled">Names of the enabled files; only their rules raise alerts.</param>
internal sealed record RunningRules(RuleSet Rules, IReadOnlySet<string> Enabled)
{
    private readonly Dictionary<string, string> files = Rules.All.ToDictionary(rule => rule.Head.Key, rule => rule.File, StringComparer.Ordinal);
    private readonly Lazy<IReadOnlyDictionary<string, RuleReach>> reaches = new(() => RuleReach.FindAll(Rules));

    /// <summary>What each rule could match, by its key; found once, when it is first asked for.</summary>
    public IReadOnlyDictionary<string, RuleReach> Reaches => reaches.Value;

    /// <summary>The rules whose alerts are wanted.</summary>
    public IEnumerable<AlertingRule> Reported => Rules.All.Where(rule => IsReported(rule.Head.Key) && rule.Head.Level != RuleLevel.Informational);

    /// <summary>Key and version of every rule, to know whether a snapshot holds what it remembers.</summary>
    public IReadOnlyList<string> Stamps => [.. Rules.All.Select(StampOf)];

    public static string StampOf(AlertingRule rule) => $"{rule.Head.Key} {rule.Version}";

    /// <summary>The file that a rule stands in.</summary>
    public string FileOf(string ruleKey) => files.GetValueOrDefault(ruleKey, "");

    /// <summary>Whether alerts of a rule are wanted.</summary>
    public bool IsReported(string ruleKey) => files.TryGetValue(ruleKey, out var file) && Enabled.Contains(file);
}

/// <summary>Reads the library.</summary>
internal sealed class RuleShelf(RuleTable table)
{
    public async Task<RuleLibrary> ReadAsync(CancellationToken cancellationToken)
    {
        // The version first: what changes meanwhile is read again.
        var version = await table.FindVersionAsync(cancellationToken) ?? 0;
        return RuleLibrary.Of(version, await table.ListAsync(cancellationToken), await table.ListListsAsync(cancellationToken));
    }
}
