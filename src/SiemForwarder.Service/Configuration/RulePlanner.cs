using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Detections;

namespace SiemForwarder.Service.Configuration;

/// <summary>Compares declared rule files and lists with those that there are, by the rules of their own changes; changes nothing.</summary>
internal sealed class RulePlanner(RuleShelf shelf, RuleProvenance provenance)
{
    private const string OfPack =
        "The rules that come with the forwarder cannot be changed: omit yaml and fixtures, or declare a file of your own under another name.";

    /// <summary>What the declaration changes, lists before the rules that use them; faults are added to those given.</summary>
    public async Task<IReadOnlyList<PlannedChange>> PlanAsync(
        ConfigurationRequest request, IEnumerable<(int Index, DeclaredRuleList Wanted)> lists, IEnumerable<(int Index, DeclaredRule Wanted)> rules,
        ICollection<PlannedFault> faults, CancellationToken cancellationToken)
    {
        var library = await shelf.ReadAsync(cancellationToken);
        var managers = await provenance.ReadAsync(cancellationToken);
        var plan = new Plan(request, library, managers, faults);
        foreach (var (index, list) in lists)
        {
            plan.AddList(index, list);
        }

        var files = rules.ToList();
        var wanted = plan.Beside(files.Select(file => file.Wanted));
        // A file that names rules of another is saved behind it.
        foreach (var (index, rule) in files.OrderBy(file => files.Count(other => other != file && wanted.Names(file.Wanted.Name, other.Wanted.Name))))
        {
            plan.AddRule(index, rule, wanted.Library);
        }

        if (request.Prune == true)
        {
            plan.Prune();
        }

        return plan.Changes;
    }

    /// <summary>The rule files and lists as they are declared: what was stored here, and what was decided about those that come with the forwarder.</summary>
    public async Task<(IReadOnlyList<JsonObject> Rules, IReadOnlyList<JsonObject> Lists)> ExportAsync(CancellationToken cancellationToken)
    {
        var library = await shelf.ReadAsync(cancellationToken);
        return (
            [.. library.Files.Values.Where(file => file.Version > 0).OrderBy(file => file.Name, StringComparer.Ordinal).Select(Declare)],
            [.. library.Lists.Values.Where(list => list.Version > 0).OrderBy(list => list.Name, StringComparer.Ordinal)
                .Select(list => new JsonObject { ["name"] = list.Name, ["values"] = Values(list.Entries) })]);
    }

    private static JsonObject Declare(StoredRule file)
    {
        var declared = new JsonObject { ["name"] = file.Name, ["enabled"] = file.Enabled };
        if (file.ExpectedPerDay is { } expected)
        {
            declared["expectedAlertsPerDay"] = expected;
        }

        if (!file.IsPack)
        {
            declared["yaml"] = RuleLibrary.BodyOf(file);
            if (RuleLibrary.FixturesOf(file) is { } fixtures)
            {
                declared["fixtures"] = fixtures;
            }
        }

        return declared;
    }

    private static JsonArray Values(IEnumerable<string> values) => [.. values.Select(value => (JsonNode)value)];

    /// <summary>The library as it will be, and which of its files name rules of which.</summary>
    private sealed record WantedRules(RuleLibrary Library)
    {
        public bool Names(string? file, string? other) =>
            file is not null && other is not null && Library.Files.ContainsKey(file) && Library.Files.ContainsKey(other) && Library.Needs(file, other);
    }

    private sealed class Plan(
        ConfigurationRequest request, RuleLibrary library, IReadOnlyDictionary<(string Kind, string Name), string> managers, ICollection<PlannedFault> faults)
    {
        private readonly Dictionary<string, StoredList> lists = library.Lists.ToDictionary(StringComparer.Ordinal);

        public List<PlannedChange> Changes { get; } = [];

        public void AddList(int index, DeclaredRuleList wanted)
        {
            var errors = new FieldErrors();
            RuleListEndpoints.Check(wanted.Name ?? "", wanted.Values, errors);
            if (wanted.Values?.Any(value => string.IsNullOrWhiteSpace(value)) == true)
            {
                errors.Add("values", "Give a list of values, none of them empty.");
            }

            if (!Accept(PlannedChange.RuleList, index, errors))
            {
                return;
            }

            var stored = library.Lists.GetValueOrDefault(wanted.Name!);
            string[] values = [.. wanted.Values!.Distinct(StringComparer.Ordinal)];
            lists[wanted.Name!] = new StoredList(wanted.Name!, values, stored?.Version ?? 0, null);
            Add(PlannedChange.RuleList, index, wanted.Name!, stored?.Version, stored is null ? null : Show(stored.Entries), Show(values));

            static JsonObject Show(IEnumerable<string> entries) => new() { ["values"] = Values(entries) };
        }

        /// <summary>The library with the declared lists and files in it, so that they may name each other.</summary>
        public WantedRules Beside(IEnumerable<DeclaredRule> rules)
        {
            var files = library.Files.ToDictionary(StringComparer.Ordinal);
            foreach (var rule in rules.Where(rule => rule.Name is not null && !string.IsNullOrWhiteSpace(rule.Yaml)))
            {
                if (!files.TryGetValue(rule.Name!, out var stored) || !stored.IsPack)
                {
                    files[rule.Name!] = new StoredRule(
                        rule.Name!, false, rule.Enabled ?? stored?.Enabled ?? false, rule.Yaml, rule.Fixtures, rule.ExpectedAlertsPerDay,
                        stored?.Version ?? 0, null);
                }
            }

            return new WantedRules(library with { Files = files, Lists = lists });
        }

        public void AddRule(int index, DeclaredRule wanted, RuleLibrary beside)
        {
            var stored = wanted.Name is null ? null : library.Files.GetValueOrDefault(wanted.Name);
            var errors = new FieldErrors();
            if (wanted.File is not null)
            {
                errors.Add("file", "Is read by siemforwarder apply, beside the configuration file; here, give the rules as yaml.");
            }

            var asked = new RuleRequest(wanted.Name, wanted.Yaml, wanted.Fixtures, wanted.Enabled, wanted.ExpectedAlertsPerDay);
            if (stored?.IsPack == true)
            {
                RuleCheck.CheckRequest(wanted.Name, asked with { Yaml = RuleLibrary.BodyOf(stored) }, errors);
                if ((wanted.Yaml ?? wanted.Fixtures) is not null)
                {
                    errors.Add("yaml", OfPack);
                }
            }
            else
            {
                RuleCheck.CheckRequest(wanted.Name, asked, errors);
                if (!errors.Any)
                {
                    RuleCheck.AddFaults(RuleCheck.Run(beside, wanted.Name!, wanted.Yaml!, wanted.Fixtures), errors);
                }
            }

            if (!Accept(PlannedChange.Rule, index, errors))
            {
                return;
            }

            var after = Show(
                wanted.Enabled ?? stored?.Enabled ?? false, wanted.ExpectedAlertsPerDay, stored?.IsPack == true ? null : wanted.Yaml, wanted.Fixtures);
            Add(PlannedChange.Rule, index, wanted.Name!, stored?.Version, stored is null ? null : Show(stored), after);
        }

        public void Prune()
        {
            foreach (var name in ManagedHere(PlannedChange.Rule))
            {
                if (request.Rules?.Any(rule => rule?.Name == name) != true && library.Files.TryGetValue(name, out var file))
                {
                    // What comes with the forwarder cannot be deleted: it is switched off.
                    var off = Show(false, null, null, null);
                    Changes.Add(new PlannedChange(
                        PlannedChange.Rule, null, name, file.IsPack ? PlannedChange.Update : PlannedChange.Delete, null, file.Version, request.Name,
                        file.IsPack ? Differences.Between(Show(file), off) : [], []));
                }
            }

            foreach (var name in ManagedHere(PlannedChange.RuleList))
            {
                if (request.RuleLists?.Any(list => list?.Name == name) != true && library.Lists.TryGetValue(name, out var list))
                {
                    Changes.Add(new PlannedChange(PlannedChange.RuleList, null, name, PlannedChange.Delete, null, list.Version, request.Name, [], []));
                }
            }
        }

        private IEnumerable<string> ManagedHere(string kind) =>
            managers.Where(one => one.Value == request.Name && one.Key.Kind == kind).Select(one => one.Key.Name).Order(StringComparer.Ordinal);

        private void Add(string kind, int index, string name, int? version, JsonObject? before, JsonObject after)
        {
            var manager = managers.GetValueOrDefault((kind, name));
            var members = Differences.Between(before ?? [], after);
            var action = before is null ? PlannedChange.Create
                : members.Count > 0 ? PlannedChange.Update
                : manager != request.Name ? PlannedChange.Adopt
                : PlannedChange.None;
            Changes.Add(new PlannedChange(
                kind, index, name, action, null, version, manager, members,
                manager is not null && manager != request.Name ? [PlannedChange.Moves(manager, request.Name)] : []));
        }

        private bool Accept(string kind, int index, FieldErrors errors)
        {
            foreach (var (field, sentences) in errors.ByField)
            {
                foreach (var sentence in sentences)
                {
                    faults.Add(new PlannedFault(kind, index, field, sentence));
                }
            }

            return !errors.Any;
        }

        private static JsonObject Show(StoredRule file) => Show(
            file.Enabled, file.ExpectedPerDay, file.IsPack ? null : RuleLibrary.BodyOf(file), file.IsPack ? null : RuleLibrary.FixturesOf(file));

        private static JsonObject Show(bool enabled, int? expected, string? yaml, string? fixtures) => new()
        {
            ["enabled"] = enabled, ["expectedAlertsPerDay"] = expected, ["yaml"] = InShort(yaml), ["fixtures"] = InShort(fixtures),
        };

        // A plan tells that a text changes, and which one it is; the text itself stands in the file.
        private static string? InShort(string? text)
        {
            if (text is null)
            {
                return null;
            }

            var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..12];
            return string.Create(CultureInfo.InvariantCulture, $"{text.TrimEnd('\n').Count(character => character == '\n') + 1} lines, {digest}");
        }
    }
}
