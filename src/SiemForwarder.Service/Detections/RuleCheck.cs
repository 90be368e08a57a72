using System.Text.RegularExpressions;
using SiemForwarder.Connections;
using SiemForwarder.Detections.Fixtures;
using SiemForwarder.Detections.Rules;
using SiemForwarder.Service.Api;

namespace SiemForwarder.Service.Detections;

/// <summary>Checks rule files before they are saved: the rules themselves, what they name, and their fixtures.</summary>
internal static partial class RuleCheck
{
    private const int MaxYamlCharacters = 1024 * 1024;
    private const int MaxFixtures = 200;
    private const int MaxExpected = 1_000_000;

    /// <summary>Checks name, sizes and numbers of a request.</summary>
    public static void CheckRequest(string? name, RuleRequest request, FieldErrors errors)
    {
        if (name is null || !Name().IsMatch(name))
        {
            errors.Add("name", "Give the file a name of at most 100 lower-case letters, digits, dots, hyphens and underscores, such as stolen-tokens.");
        }

        if (name is "check" or "coverage" or "navigator-layer" or "export" or "import")
        {
            errors.Add("name", $"'{name}' is a path of the API; choose another name.");
        }

        if (string.IsNullOrWhiteSpace(request.Yaml))
        {
            errors.Add("yaml", "Give the rules as YAML, such as one Sigma detection.");
        }

        errors.AtMost("yaml", request.Yaml, MaxYamlCharacters);
        errors.AtMost("fixtures", request.Fixtures, MaxYamlCharacters);
        errors.Between("expectedAlertsPerDay", request.ExpectedAlertsPerDay, 0, MaxExpected, 0);
    }

    /// <summary>Every fault of a file beside all others, and what its fixtures show.</summary>
    public static RuleCheckResponse Run(RuleLibrary library, string name, string yaml, string? fixtures)
    {
        var check = Run(library.Compile([name], new RuleFile(name, yaml)), name, fixtures);
        // Beside the files that run together with it, an id or a name that both have would refuse one of them.
        var enabled = library.Files.Values.Where(rule => rule.Enabled).Select(rule => rule.Name).Append(name);
        return check.Refusals.Count > 0 || RuleWords.Sentences(library.Compile(enabled, new RuleFile(name, yaml)).Refusals) is not { Count: > 0 } refusals
            ? check
            : check with { Valid = false, Refusals = refusals };
    }

    /// <summary>The faults of a file by itself, and what its fixtures show.</summary>
    /// <param name="compiled">The file with those that it needs.</param>
    /// <param name="name">Its name.</param>
    /// <param name="fixtures">Its fixtures.</param>
    public static RuleCheckResponse Run(RuleSet compiled, string name, string? fixtures)
    {
        var own = compiled.All.Where(rule => rule.File == name).ToList();
        var refusals = RuleWords.Sentences(compiled.Refusals).ToList();
        var results = new List<FixtureResult>();
        if (refusals.Count == 0 && !string.IsNullOrWhiteSpace(fixtures))
        {
            results.AddRange(RunFixtures(compiled, [.. own.Select(rule => rule.Head.Key)], fixtures, refusals));
        }

        var isValid = refusals.Count == 0 && results.All(result => result.Passed);
        return new RuleCheckResponse(isValid, refusals, RuleWords.Sentences(compiled.Lints), [.. own.Select(rule => rule.Head.Title)], results);
    }

    /// <summary>Adds what a check found to the fields that it concerns.</summary>
    public static void AddFaults(RuleCheckResponse check, FieldErrors errors)
    {
        foreach (var refusal in check.Refusals)
        {
            errors.Add("yaml", refusal);
        }

        foreach (var fixture in check.Fixtures.Where(fixture => !fixture.Passed))
        {
            errors.Add("fixtures", fixture.Expected == "fires"
                ? $"'{OneLine.Of(fixture.Title, 100)}' is to fire, and no rule of the file alerts."
                : $"'{OneLine.Of(fixture.Title, 100)}' is to stay quiet, and these alert: {string.Join(", ", fixture.Alerts)}.");
        }
    }

    private static List<FixtureResult> RunFixtures(RuleSet rules, HashSet<string> own, string text, List<string> refusals)
    {
        var (fixtures, problem) = RuleFixture.Read(text);
        if (problem is not null || fixtures.Count > MaxFixtures)
        {
            refusals.Add(problem is null ? $"The fixtures are more than {MaxFixtures}." : $"The fixtures cannot be read: {problem}");
            return [];
        }

        var results = new List<FixtureResult>();
        foreach (var fixture in fixtures)
        {
            try
            {
                List<string> alerts = [.. fixture.Run(rules).Where(alert => own.Contains(alert.RuleId)).Select(alert => alert.Rule.Title)];
                results.Add(new FixtureResult(fixture.Title, fixture.Fires ? "fires" : "quiet", alerts, alerts.Count > 0 == fixture.Fires));
            }
            catch (Exception exception) when (exception is FormatException or OverflowException or InvalidOperationException or ArgumentException)
            {
                refusals.Add($"The fixture '{fixture.Title}' cannot be run: {exception.Message}");
            }
        }

        return results;
    }

    [GeneratedRegex(@"\A[a-z0-9][a-z0-9._-]{0,99}\z", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Name();
}
