using SiemForwarder.Service.Api;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Detections;

/// <summary>What became of an import.</summary>
/// <param name="Created">Names of new rule files; they are off.</param>
/// <param name="Replaced">Names of rule files of your own that have a new text; they stay on or off.</param>
/// <param name="Unchanged">Names of rule files that are here with the same text.</param>
/// <param name="Lists">Names of lists that were created or replaced.</param>
/// <param name="Refused">Files that were not taken.</param>
public sealed record RuleImportResponse(
    IReadOnlyList<string> Created, IReadOnlyList<string> Replaced, IReadOnlyList<string> Unchanged, IReadOnlyList<string> Lists,
    IReadOnlyList<RefusedImport> Refused);

/// <summary>A file that was not taken.</summary>
/// <param name="Path">Where it stands in the archive.</param>
/// <param name="Reasons">Why, and what to do.</param>
public sealed record RefusedImport(string Path, IReadOnlyList<string> Reasons);

/// <summary>Takes in the rules and lists of an archive: each file by itself, so that one fault does not keep the others out.</summary>
internal sealed class RuleImport(RuleTable table, RuleShelf shelf)
{
    private const string Changed = "Somebody else has changed it meanwhile; import it again.";

    /// <param name="rules">The rules.</param>
    /// <param name="lists">The lists; those that rules name must be here or among them.</param>
    /// <param name="isReplacing">Whether files of your own that have the same name get the new text.</param>
    /// <param name="by">Who imports.</param>
    /// <param name="cancellationToken">Cancels what is left.</param>
    public async Task<RuleImportResponse> RunAsync(
        IReadOnlyList<ArchivedRule> rules, IReadOnlyDictionary<string, IReadOnlyList<string>> lists, bool isReplacing, string by,
        CancellationToken cancellationToken)
    {
        var (created, replaced, unchanged, refused) = (new List<string>(), new List<string>(), new List<string>(), new List<RefusedImport>());
        var library = await shelf.ReadAsync(cancellationToken);
        var savedLists = await SaveListsAsync(library, lists, isReplacing, by, refused, cancellationToken);
        library = savedLists.Count > 0 ? await shelf.ReadAsync(cancellationToken) : library;
        var wanted = new Dictionary<string, (ArchivedRule Archived, StoredRule Rule)>(StringComparer.Ordinal);
        foreach (var archived in rules)
        {
            var known = library.Files.GetValueOrDefault(archived.Name);
            if (known is not null && Same(RuleLibrary.BodyOf(known), archived.Text) && Same(RuleLibrary.FixturesOf(known), archived.Fixtures))
            {
                unchanged.Add(archived.Name);
            }
            else if (WhyNot(archived, known, isReplacing, wanted.ContainsKey(archived.Name)) is { } reason)
            {
                refused.Add(new RefusedImport(archived.Path, [reason]));
            }
            else
            {
                var rule = known is null ? new StoredRule(archived.Name, false, false, archived.Text, archived.Fixtures, null, 0, null)
                    : known with { Body = archived.Text, Fixtures = archived.Fixtures };
                wanted.Add(archived.Name, (archived, rule));
            }
        }

        var files = new Dictionary<string, StoredRule>(library.Files, StringComparer.Ordinal);
        foreach (var (archived, rule) in wanted.Values)
        {
            files[archived.Name] = rule;
        }

        // Files of one archive may name each other's rules, so each is checked beside all others.
        var together = new RuleLibrary(library.Version, files, library.Lists);
        foreach (var (archived, rule) in wanted.Values)
        {
            if (Faults(together, archived, rule) is { Count: > 0 } faults)
            {
                refused.Add(new RefusedImport(archived.Path, faults));
            }
            else if (await table.SaveAsync(rule, cancellationToken) != ChangeResult.Done)
            {
                refused.Add(new RefusedImport(archived.Path, [Changed]));
            }
            else
            {
                (rule.Version == 0 ? created : replaced).Add(rule.Name);
            }
        }

        return new RuleImportResponse(created, replaced, unchanged, savedLists, refused);
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

    private async Task<List<string>> SaveListsAsync(
        RuleLibrary library, IReadOnlyDictionary<string, IReadOnlyList<string>> lists, bool isReplacing, string by, List<RefusedImport> refused,
        CancellationToken cancellationToken)
    {
        var saved = new List<string>();
        foreach (var (name, values) in lists)
        {
            var known = library.Lists.GetValueOrDefault(name);
            if (known is not null && known.Entries.SequenceEqual(values, StringComparer.Ordinal))
            {
                continue;
            }

            var errors = new FieldErrors();
            RuleListEndpoints.Check(name, values, errors);
            if (known is { Version: > 0 } && !isReplacing)
            {
                errors.Add("name", $"There is a list '{name}' with other values; import with replace=true, or rename it.");
            }

            if (errors.Any || await table.SaveListAsync(name, values, known?.Version ?? 0, by, cancellationToken) != ChangeResult.Done)
            {
                refused.Add(new RefusedImport($"lists/{name}.txt", errors.Any ? [.. Sentences(errors)] : [Changed]));
            }
            else
            {
                saved.Add(name);
            }
        }

        return saved;
    }

    private static IEnumerable<string> Sentences(FieldErrors errors) => errors.ByField.Values.SelectMany(sentences => sentences);

    // An editor may have changed the line ends.
    private static bool Same(string? left, string? right) => Plain(left) == Plain(right);

    private static string Plain(string? text) => (text ?? "").ReplaceLineEndings("\n").TrimEnd();
}
