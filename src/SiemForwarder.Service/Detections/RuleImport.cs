using SiemForwarder.Service.Api;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Detections;

/// <summary>What became of an import.</summary>
/// <param name="Outcome"><c>All</c>: everything was taken; <c>Good</c>: what was good was taken, as <c>partial=true</c> asked for; <c>Nothing</c>: nothing was
/// stored, because of what was refused.</param>
/// <param name="Created">Names of new rule files; they are off.</param>
/// <param name="Replaced">Names of rule files of your own that have a new text; they stay on or off.</param>
/// <param name="Unchanged">Names of rule files that are here with the same text.</param>
/// <param name="Lists">Names of lists that were created or replaced.</param>
/// <param name="Refused">Files that were not taken.</param>
public sealed record RuleImportResponse(
    string Outcome, IReadOnlyList<string> Created, IReadOnlyList<string> Replaced, IReadOnlyList<string> Unchanged, IReadOnlyList<string> Lists,
    IReadOnlyList<RefusedImport> Refused)
{
    internal const string Nothing = "Nothing";
}

/// <summary>A file that was not taken.</summary>
/// <param name="Path">Where it stands in the archive.</param>
/// <param name="Reasons">Why, and what to do.</param>
public sealed record RefusedImport(string Path, IReadOnlyList<string> Reasons);

/// <summary>How an archive is taken in.</summary>
/// <param name="IsReplacing">Whether files and lists of your own that have the same name get the new text.</param>
/// <param name="IsPartial">Whether what is good is taken though something else is refused.</param>
/// <param name="By">Who imports.</param>
internal sealed record ImportWishes(bool IsReplacing, bool IsPartial, string By);

/// <summary>Takes in the rules and lists of an archive in one transaction: all of it or nothing, or all that is good.</summary>
internal sealed class RuleImport(RuleTable table, RuleShelf shelf)
{
    private const string Changed = "Somebody else has changed rules or lists meanwhile; import it again.";

    /// <param name="rules">The rules.</param>
    /// <param name="lists">The lists; those that rules name must be here or among them.</param>
    /// <param name="wishes">How to take them in.</param>
    /// <param name="cancellationToken">Cancels what is left.</param>
    public async Task<RuleImportResponse> RunAsync(
        IReadOnlyList<ArchivedRule> rules, IReadOnlyDictionary<string, IReadOnlyList<string>> lists, ImportWishes wishes, CancellationToken cancellationToken)
    {
        var (unchanged, refused) = (new List<string>(), new List<RefusedImport>());
        var library = await shelf.ReadAsync(cancellationToken);
        var goodLists = FindGoodLists(library, lists, wishes, refused);
        var wanted = FindWanted(library, rules, wishes, unchanged, refused);
        var good = FindGood(library, wanted, goodLists, refused);
        if (refused.Count == 0 || wishes.IsPartial)
        {
            if (good.Count + goodLists.Count == 0 || await table.SaveAllAsync(good, goodLists, wishes.By, cancellationToken) == ChangeResult.Done)
            {
                return new RuleImportResponse(
                    refused.Count == 0 ? "All" : "Good", Names(good.Where(rule => rule.Version == 0)), Names(good.Where(rule => rule.Version > 0)), unchanged,
                    [.. goodLists.Select(list => list.Name)], refused);
            }

            refused.AddRange(wanted.Where(one => good.Contains(one.Rule)).Select(one => new RefusedImport(one.Archived.Path, [Changed])));
            refused.AddRange(goodLists.Select(list => new RefusedImport(PathOf(list.Name), [Changed])));
        }

        return new RuleImportResponse(RuleImportResponse.Nothing, [], [], unchanged, [], refused);
    }

    private static List<string> Names(IEnumerable<StoredRule> rules) => [.. rules.Select(rule => rule.Name)];

    private static List<(ArchivedRule Archived, StoredRule Rule)> FindWanted(
        RuleLibrary library, IReadOnlyList<ArchivedRule> rules, ImportWishes wishes, List<string> unchanged, List<RefusedImport> refused)
    {
        var (wanted, names) = (new List<(ArchivedRule, StoredRule)>(), new HashSet<string>(StringComparer.Ordinal));
        foreach (var archived in rules)
        {
            var known = library.Files.GetValueOrDefault(archived.Name);
            if (known is not null && Same(RuleLibrary.BodyOf(known), archived.Text) && Same(RuleLibrary.FixturesOf(known), archived.Fixtures))
            {
                unchanged.Add(archived.Name);
            }
            else if (WhyNot(archived, known, wishes.IsReplacing, names.Contains(archived.Name)) is { } reason)
            {
                refused.Add(new RefusedImport(archived.Path, [reason]));
            }
            else
            {
                names.Add(archived.Name);
                wanted.Add((archived, known is null ? new StoredRule(archived.Name, false, false, archived.Text, archived.Fixtures, null, 0, null)
                    : known with { Body = archived.Text, Fixtures = archived.Fixtures }));
            }
        }

        return wanted;
    }

    // Files of one archive may name each other's rules, so each is checked beside all others.
    private static List<StoredRule> FindGood(
        RuleLibrary library, List<(ArchivedRule Archived, StoredRule Rule)> wanted, List<StoredList> lists, List<RefusedImport> refused)
    {
        var (files, all) = (library.Files.ToDictionary(StringComparer.Ordinal), library.Lists.ToDictionary(StringComparer.Ordinal));
        wanted.ForEach(one => files[one.Rule.Name] = one.Rule);
        lists.ForEach(list => all[list.Name] = list);
        var together = new RuleLibrary(library.Version, files, all);
        var good = new List<StoredRule>();
        foreach (var (archived, rule) in wanted)
        {
            if (Faults(together, archived, rule) is { Count: > 0 } faults)
            {
                refused.Add(new RefusedImport(archived.Path, faults));
            }
            else
            {
                good.Add(rule);
            }
        }

        return good;
    }

    private static string? WhyNot(ArchivedRule archived, StoredRule? known, bool isReplacing, bool isTwice)
    {
        var errors = new FieldErrors();
        RuleCheck.CheckRequest(archived.Name, new RuleRequest(archived.Name, archived.Text, archived.Fixtures), errors);
        return errors.Any ? string.Join(' ', Sentences(errors))
            : isTwice ? $"The archive holds another file named '{archived.Name}'; rename one."
            : known is { IsPack: true } ? $"'{archived.Name}' comes with the forwarder; rename the file, and give its rules ids of their own."
            : known is not null && !isReplacing ? $"There is a file '{archived.Name}' with another text; import with replace=true, or rename it."
            : null;
    }

    private static List<string> Faults(RuleLibrary together, ArchivedRule archived, StoredRule rule)
    {
        var check = rule.Enabled ? RuleCheck.Run(together, rule.Name, archived.Text, archived.Fixtures)
            : RuleCheck.Run(together.Compile([rule.Name]), rule.Name, archived.Fixtures);
        var errors = new FieldErrors();
        RuleCheck.AddFaults(check, errors);
        return [.. Sentences(errors)];
    }

    private static List<StoredList> FindGoodLists(
        RuleLibrary library, IReadOnlyDictionary<string, IReadOnlyList<string>> lists, ImportWishes wishes, List<RefusedImport> refused)
    {
        var good = new List<StoredList>();
        foreach (var (name, values) in lists)
        {
            var known = library.Lists.GetValueOrDefault(name);
            if (known is not null && known.Entries.SequenceEqual(values, StringComparer.Ordinal))
            {
                continue;
            }

            var errors = new FieldErrors();
            RuleListEndpoints.Check(name, values, errors);
            if (known is { Version: > 0 } && !wishes.IsReplacing)
            {
                errors.Add("name", $"There is a list '{name}' with other values; import with replace=true, or rename it.");
            }

            if (errors.Any)
            {
                refused.Add(new RefusedImport(PathOf(name), [.. Sentences(errors)]));
            }
            else
            {
                good.Add(new StoredList(name, values, known?.Version ?? 0, null));
            }
        }

        return good;
    }

    private static string PathOf(string list) => $"lists/{list}.txt";

    private static IEnumerable<string> Sentences(FieldErrors errors) => errors.ByField.Values.SelectMany(sentences => sentences);

    // An editor may have changed the line ends.
    private static bool Same(string? left, string? right) => Plain(left) == Plain(right);

    private static string Plain(string? text) => (text ?? "").ReplaceLineEndings("\n").TrimEnd();
}
