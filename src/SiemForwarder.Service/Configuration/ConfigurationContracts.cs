using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.Integrations;
using SiemForwarder.Service.Sources;

namespace SiemForwarder.Service.Configuration;

/// <summary>What pools, sources and integrations there shall be, as a configuration file declares them.</summary>
public sealed record ConfigurationRequest
{
    /// <summary>Name of the configuration, 1 to 100 letters, digits, spaces, dots, dashes or underscores: what it creates or changes is managed
    /// by it.</summary>
    [Length(1, 100)]
    public string? Name { get; init; }

    /// <summary>Whether what it manages and no longer names is deleted; false by default.</summary>
    public bool? Prune { get; init; }

    public IReadOnlyList<EnginePoolRequest>? EnginePools { get; init; }

    public IReadOnlyList<SourceRequest>? Sources { get; init; }

    public IReadOnlyList<DeclaredIntegration>? Integrations { get; init; }
}

/// <summary>An integration as a configuration file declares it: it names its sources, which may not exist yet.</summary>
public sealed record DeclaredIntegration : IntegrationRequest
{
    /// <summary>Names of the sources to forward; empty means all.</summary>
    public new IReadOnlyList<string>? Sources { get; init; }

    /// <summary>Hides the secrets, should somebody write a request to a log.</summary>
    public override string ToString() => $"DeclaredIntegration {{ {Name} }}";
}

/// <summary>What applying a configuration would change, in the order in which it is to be done.</summary>
/// <param name="Name">The configuration.</param>
/// <param name="Changes">What it names, and with <c>prune</c> what it no longer names; also what stays as it is.</param>
/// <param name="Faults">Why it cannot be applied; empty where it can.</param>
public sealed record ConfigurationPlan(string Name, IReadOnlyList<PlannedChange> Changes, IReadOnlyList<PlannedFault> Faults);

/// <summary>What becomes of one resource.</summary>
/// <param name="Kind"><c>enginePool</c>, <c>source</c> or <c>integration</c>.</param>
/// <param name="Index">Place in the list of its kind in the request; null for what is deleted.</param>
/// <param name="Name">Its name.</param>
/// <param name="Action"><c>create</c>; <c>update</c>; <c>adopt</c>, which changes nothing but by whom it is managed; <c>delete</c>; <c>wait</c>, where the same
/// change waits for a second administrator; or <c>none</c>.</param>
/// <param name="Id">Id of a source or an integration that exists.</param>
/// <param name="Version">Its version, for If-Match.</param>
/// <param name="ManagedBy">Which configuration manages it now.</param>
/// <param name="Members">The settings that change.</param>
/// <param name="Warnings">What may not be meant as it is written.</param>
public sealed record PlannedChange(
    string Kind, int? Index, string Name, string Action, int? Id, int? Version, string? ManagedBy, IReadOnlyList<PlannedMember> Members,
    IReadOnlyList<string> Warnings)
{
    internal const string Pool = "enginePool";
    internal const string Source = "source";
    internal const string Integration = "integration";
    internal const string Create = "create";
    internal const string Update = "update";
    internal const string Adopt = "adopt";
    internal const string Delete = "delete";
    internal const string Wait = "wait";
    internal const string None = "none";
}

/// <summary>One setting that changes.</summary>
/// <param name="Field">Its name, with dots between the parts.</param>
/// <param name="Before">Its value now; absent where it has none.</param>
/// <param name="After">Its value then; absent where it has none.</param>
public sealed record PlannedMember(
    string Field,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] JsonElement? Before,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] JsonElement? After);

/// <summary>Why a configuration cannot be applied.</summary>
/// <param name="Kind"><c>enginePool</c>, <c>source</c>, <c>integration</c>, or <c>configuration</c> for the whole.</param>
/// <param name="Index">Place in the list of its kind.</param>
/// <param name="Field">The setting, with dots between the parts.</param>
/// <param name="Sentence">What is wrong and what to do.</param>
public sealed record PlannedFault(string Kind, int? Index, string Field, string Sentence);

/// <summary>The state of now as a configuration file declares it: defaults are left out, and secrets are named by where they are kept.</summary>
/// <param name="EnginePools">All but the pool <c>default</c>, which always exists, unless a file manages it.</param>
/// <param name="Sources">All that are configured.</param>
/// <param name="Integrations">All, with their sources by name.</param>
public sealed record ConfigurationResponse(
    IReadOnlyList<JsonObject> EnginePools, IReadOnlyList<JsonObject> Sources, IReadOnlyList<JsonObject> Integrations);

/// <summary>The place of a secret in an exported configuration whose value only the database holds.</summary>
internal static class StoredSecret
{
    private const string Mark = "stored:";

    /// <summary>What an export writes in place of the secret.</summary>
    public const string Placeholder = Mark + " write env:NAME or file:/path here, or take this line out to keep the secret that is stored";

    /// <summary>Whether a text is such a placeholder.</summary>
    public static bool Is(string? text) => text?.StartsWith(Mark, StringComparison.Ordinal) == true;
}
