using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace SiemForwarder.Service.Engines;

/// <summary>A request to create or change an engine pool.</summary>
/// <param name="Name">Unique name, 1 to 100 characters.</param>
/// <param name="Description">What its engines can reach.</param>
public sealed record EnginePoolRequest([property: Length(1, 100)] string? Name = null, string? Description = null);

/// <summary>An engine pool.</summary>
/// <param name="Engines">Names of its live engines.</param>
/// <param name="Integrations">The number of integrations assigned to it.</param>
/// <param name="ManagedBy">Name of the configuration file that manages it. Absent if none does.</param>
public sealed record EnginePoolResponse(
    string Name, string Description, IReadOnlyList<string> Engines, int Integrations, DateTimeOffset CreatedAt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? ManagedBy = null);

/// <summary>A process that runs the service.</summary>
/// <param name="Alive">Whether it reported within the duration of a lease.</param>
/// <param name="Sources">Ids of the sources that it polls.</param>
/// <param name="Integrations">Ids of the integrations that it runs.</param>
public sealed record EngineResponse(
    string Name, bool Alive, string Version, IReadOnlyList<string> Roles, IReadOnlyList<string> Pools, IReadOnlyList<int> Sources,
    IReadOnlyList<int> Integrations, DateTimeOffset StartedAt, DateTimeOffset LastSeenAt);
