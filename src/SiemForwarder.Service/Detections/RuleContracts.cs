using System.ComponentModel;
using System.Text.Json.Serialization;
using SiemForwarder.Detections;
using SiemForwarder.Detections.Rules;

namespace SiemForwarder.Service.Detections;

/// <summary>A rule file to check, create or replace.</summary>
/// <param name="Name">Its name: lower-case letters, digits, dots, hyphens and underscores; ignored where the path gives it.</param>
/// <param name="Yaml">One or more documents: detections, correlations and filters in Sigma.</param>
/// <param name="Fixtures">Events that show what the rules do: below <c>fires</c> and <c>quiet</c>; run before anything is saved.</param>
/// <param name="Enabled">Whether the rules run; false for a new file, and kept if omitted.</param>
/// <param name="ExpectedAlertsPerDay">The number of alerts a day that its author expects; an alarm tells when it is passed.</param>
public sealed record RuleRequest(string? Name, string? Yaml, string? Fixtures = null, bool? Enabled = null, int? ExpectedAlertsPerDay = null);

/// <summary>A rule file.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Origin"><c>pack</c> if it comes with the forwarder, else <c>own</c>.</param>
/// <param name="Enabled">Whether its rules run.</param>
/// <param name="State"><c>Off</c>, <c>Running</c>, <c>Learning</c>, <c>Blind</c>, <c>Degraded</c> or <c>Error</c>: the worst of its rules.</param>
/// <param name="Version">The version; the ETag.</param>
/// <param name="ExpectedAlertsPerDay">The number of alerts a day that its author expects; null if not said.</param>
/// <param name="AlertsToday">Alerts of its rules since midnight UTC.</param>
/// <param name="UpdatedAt">When it was last changed; null for a file of the pack that nobody touched.</param>
/// <param name="Rules">Its rules.</param>
/// <param name="Findings">Why it does not run, or what its author should look at.</param>
/// <param name="Yaml">The file; null in lists.</param>
/// <param name="Fixtures">Its fixtures; null in lists and if there are none.</param>
/// <param name="ManagedBy">Name of the configuration file that manages it. Absent if none does.</param>
public sealed record RuleFileResponse(
    string Name, string Origin, bool Enabled, string State, [property: ReadOnly(true)] int Version, int? ExpectedAlertsPerDay, long AlertsToday,
    DateTimeOffset? UpdatedAt, IReadOnlyList<RuleResponse> Rules, IReadOnlyList<string> Findings, string? Yaml, string? Fixtures,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? ManagedBy = null);

/// <summary>One rule of a file.</summary>
/// <param name="Id">Its id in alerts: UUID, name or title.</param>
/// <param name="Title">Its title.</param>
/// <param name="Level"><c>informational</c> to <c>critical</c>.</param>
/// <param name="Techniques">ATT&amp;CK techniques: <c>T1110.003</c>.</param>
/// <param name="Reports">False if it only feeds other rules.</param>
/// <param name="State">As of the file, for this rule.</param>
/// <param name="Reasons">Why, and since when.</param>
/// <param name="Hits">How often it held since its state began.</param>
/// <param name="Suppressed">Hits without an alert, because one of the same group was young.</param>
/// <param name="Groups">Groups or entities that it remembers.</param>
/// <param name="MicrosecondsPerEvent">What it costs for each event that it is asked about; null before the first.</param>
/// <param name="Hints">What its author should look at: fields that no event of seven days had, more than a fifth of the time of all rules.</param>
public sealed record RuleResponse(
    string Id, string Title, string Level, IReadOnlyList<string> Techniques, bool Reports, string State, IReadOnlyList<string> Reasons, long Hits,
    long Suppressed, int Groups, double? MicrosecondsPerEvent, IReadOnlyList<string> Hints);

/// <summary>What a check of a rule file found.</summary>
/// <param name="Valid">Whether it can be saved.</param>
/// <param name="Refusals">Why not: every fault, with rule and path.</param>
/// <param name="Lints">What its author should look at.</param>
/// <param name="Rules">The rules that it holds.</param>
/// <param name="Fixtures">What became of its fixtures.</param>
public sealed record RuleCheckResponse(
    bool Valid, IReadOnlyList<string> Refusals, IReadOnlyList<string> Lints, IReadOnlyList<string> Rules, IReadOnlyList<FixtureResult> Fixtures);

/// <summary>What became of a fixture.</summary>
/// <param name="Title">What its events are.</param>
/// <param name="Expected"><c>fires</c> or <c>quiet</c>.</param>
/// <param name="Alerts">Titles of the rules that alerted.</param>
/// <param name="Passed">Whether it went as expected.</param>
public sealed record FixtureResult(string Title, string Expected, IReadOnlyList<string> Alerts, bool Passed);

/// <summary>A list of values for placeholders.</summary>
/// <param name="Name">Its name: rules write it between percent signs.</param>
/// <param name="Values">Its values.</param>
/// <param name="Version">The version; the ETag.</param>
/// <param name="Origin"><c>pack</c> while it has the values that come with the forwarder, else <c>own</c>.</param>
/// <param name="UsedBy">Names of the rule files that use it.</param>
/// <param name="ManagedBy">Name of the configuration file that manages it. Absent if none does.</param>
public sealed record RuleListResponse(
    string Name, IReadOnlyList<string> Values, [property: ReadOnly(true)] int Version, string Origin, IReadOnlyList<string> UsedBy,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? ManagedBy = null);

/// <summary>The values of a list.</summary>
/// <param name="Values">At most 10,000, each of at most 500 characters.</param>
public sealed record RuleListRequest(IReadOnlyList<string>? Values);

/// <summary>How rules are named in the answers.</summary>
internal static class RuleWords
{
    public static string Of(RuleLevel level) => level.ToString().ToLowerInvariant();

    public static IReadOnlyList<string> Sentences(IEnumerable<RuleFinding> findings) => [.. findings.Select(finding => finding.ToString())];

    public static string Of(RuleFault fault) => fault.ToString();
}
