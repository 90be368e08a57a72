using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.Integrations;
using SiemForwarder.Service.Sources;

namespace SiemForwarder.Service.Configuration;

/// <summary>The pools, sources, integrations, rules and roles that should exist, as declared in a configuration file.</summary>
public sealed record ConfigurationRequest
{
    /// <summary>Name of the configuration: 1 to 100 letters, digits, spaces, dots, dashes or underscores. Everything it creates or changes is managed
    /// by it.</summary>
    [Length(1, 100)]
    public string? Name { get; init; }

    /// <summary>Whether resources that it manages but no longer declares are deleted; default false.</summary>
    public bool? Prune { get; init; }

    public IReadOnlyList<EnginePoolRequest>? EnginePools { get; init; }

    public IReadOnlyList<SourceRequest>? Sources { get; init; }

    public IReadOnlyList<DeclaredIntegration>? Integrations { get; init; }

    public IReadOnlyList<DeclaredRuleList>? RuleLists { get; init; }

    public IReadOnlyList<DeclaredRule>? Rules { get; init; }

    public IReadOnlyList<DeclaredRole>? Roles { get; init; }
}

/// <summary>A file of detection rules as declared in a configuration file.</summary>
public sealed record DeclaredRule
{
    /// <summary>Its name: at most 100 lower-case letters, digits, dots, hyphens and underscores; or that of a file that comes with the forwarder.</summary>
    public string? Name { get; init; }

    /// <summary>Whether its rules run; false for a new file, and kept if omitted.</summary>
    public bool? Enabled { get; init; }

    /// <summary>The number of alerts a day that its author expects, 0 to 1,000,000; an alarm tells when it is passed.</summary>
    public int? ExpectedAlertsPerDay { get; init; }

    /// <summary>Path of the file with the rules, relative to the configuration file; in place of yaml.</summary>
    public string? File { get; init; }

    /// <summary>The rules: one or more documents in Sigma. Omitted for a file that comes with the forwarder.</summary>
    public string? Yaml { get; init; }

    /// <summary>Path of the file with the fixtures, relative to the configuration file; in place of fixtures.</summary>
    public string? FixturesFile { get; init; }

    /// <summary>Events that show what the rules do, below fires and quiet.</summary>
    public string? Fixtures { get; init; }
}

/// <summary>A list of values for placeholders in rules as declared in a configuration file.</summary>
public sealed record DeclaredRuleList
{
    /// <summary>Its name: at most 100 lower-case letters, digits and underscores; rules write it between percent signs.</summary>
    public string? Name { get; init; }

    /// <summary>At most 10,000 values, each of at most 500 characters.</summary>
    public IReadOnlyList<string>? Values { get; init; }
}

/// <summary>Who in the realm has a role, as declared in a configuration file.</summary>
public sealed record DeclaredRole
{
    /// <summary>The role.</summary>
    [AllowedValues("siem-admin", "siem-operator", "siem-viewer", "siem-investigator", "siem-auditor")]
    public string? Name { get; init; }

    /// <summary>Names of realm roles, roles of the client, and groups (soc/leads) whose holders have the role: at most 100, each of at most 255
    /// characters; empty for nobody.</summary>
    public IReadOnlyList<string>? GrantedTo { get; init; }
}

/// <summary>An integration as declared in a configuration file: it references its sources by name, because they may not exist yet.</summary>
public sealed record DeclaredIntegration : IntegrationRequest
{
    /// <summary>Names of the sources to forward; empty for all.</summary>
    public new IReadOnlyList<string>? Sources { get; init; }

    /// <summary>Hides the secrets in case a request is written to a log.</summary>
    public override string ToString() => $"DeclaredIntegration {{ {Name} }}";
}

/// <summary>What applying a configuration would change, in the order of the changes.</summary>
/// <param name="Name">Name of the configuration.</param>
/// <param name="Changes">Every declared resource, including unchanged ones, and with <c>prune</c> those no longer declared.</param>
/// <param name="Faults">Why it cannot be applied; empty if it can.</param>
public sealed record ConfigurationPlan(string Name, IReadOnlyList<PlannedChange> Changes, IReadOnlyList<PlannedFault> Faults);

/// <summary>What happens to one resource.</summary>
/// <param name="Kind"><c>enginePool</c>, <c>source</c>, <c>integration</c>, <c>ruleList</c>, <c>rule</c> or <c>role</c>.</param>
/// <param name="Index">Position in the list of its kind in the request; null for a deletion.</param>
/// <param name="Name">Name of the resource.</param>
/// <param name="Action"><c>create</c>; <c>update</c>; <c>adopt</c>, which changes only what manages it; <c>delete</c>; <c>wait</c>, if the same
/// change is already waiting for a second administrator; or <c>none</c>.</param>
/// <param name="Id">Id of an existing source or integration.</param>
/// <param name="Version">Its version, for If-Match.</param>
/// <param name="ManagedBy">The configuration that currently manages it.</param>
/// <param name="Members">The settings that change.</param>
/// <param name="Warnings">Settings that may not be intended as written.</param>
public sealed record PlannedChange(
    string Kind, int? Index, string Name, string Action, int? Id, int? Version, string? ManagedBy, IReadOnlyList<PlannedMember> Members,
    IReadOnlyList<string> Warnings)
{
    internal const string Pool = "enginePool";
    internal const string Source = "source";
    internal const string Integration = "integration";
    internal const string RuleList = "ruleList";
    internal const string Rule = "rule";
    internal const string Role = "role";
    internal const string Create = "create";
    internal const string Update = "update";
    internal const string Adopt = "adopt";
    internal const string Delete = "delete";
    internal const string Wait = "wait";
    internal const string None = "none";

    internal static string Moves(string manager, string? name) => $"It is currently managed by {manager}, and from now on by {name}.";
}

/// <summary>One setting that changes.</summary>
/// <param name="Field">Name of the setting, with dots between the parts.</param>
/// <param name="Before">Current value; absent if there is none.</param>
/// <param name="After">New value; absent if there is none.</param>
public sealed record PlannedMember(
    string Field,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] JsonElement? Before = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] JsonElement? After = null);

/// <summary>Why a configuration cannot be applied.</summary>
/// <param name="Kind">As of a change, or <c>configuration</c> for the whole file.</param>
/// <param name="Index">Position in the list of its kind.</param>
/// <param name="Field">The setting, with dots between the parts.</param>
/// <param name="Sentence">What is wrong and what to do.</param>
public sealed record PlannedFault(string Kind, int? Index, string Field, string Sentence);

/// <summary>The current state in the form of a configuration file: defaults are omitted, and secrets are given as references.</summary>
/// <param name="EnginePools">All pools; <c>default</c>, which always exists, only if a file manages it.</param>
/// <param name="Sources">All configured sources.</param>
/// <param name="Integrations">All integrations, with their sources by name.</param>
/// <param name="RuleLists">Lists of your own, and those that come with the forwarder and have other values now.</param>
/// <param name="Rules">Rule files of your own, and what was decided about those that come with the forwarder.</param>
/// <param name="Roles">Roles that were changed while the service runs; absent for callers who may not read who has which role.</param>
public sealed record ConfigurationResponse(
    IReadOnlyList<JsonObject> EnginePools, IReadOnlyList<JsonObject> Sources, IReadOnlyList<JsonObject> Integrations, IReadOnlyList<JsonObject> RuleLists,
    IReadOnlyList<JsonObject> Rules, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<JsonObject>? Roles = null);

/// <summary>The placeholder in an exported configuration for a secret whose value exists only in the database.</summary>
internal static class StoredSecret
{
    private const string Mark = "stored:";

    /// <summary>What an export writes instead of the secret.</summary>
    public const string Placeholder = Mark + " write env:NAME or file:/path here, or remove this line to keep the stored secret";

    /// <summary>Whether a text is this placeholder.</summary>
    public static bool Is(string? text) => text?.StartsWith(Mark, StringComparison.Ordinal) == true;
}
