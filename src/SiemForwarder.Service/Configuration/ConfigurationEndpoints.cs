using Microsoft.AspNetCore.Http.HttpResults;
using SiemForwarder.Service.Access;

namespace SiemForwarder.Service.Configuration;

/// <summary>The configuration as a whole: the current state, and what a file would change.</summary>
internal static class ConfigurationEndpoints
{
    public static void MapConfiguration(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/configuration").WithTags("Configuration");
        group.MapGet("/", Get).WithName("GetConfiguration").Needs(Permission.ReadSettings)
            .WithSummary("Returns pools, sources, integrations and rules in the form of a configuration file: defaults omitted, secrets as references.");
        group.MapPost("/plan", Plan).WithName("PlanConfiguration").Needs(Permission.ReadSettings)
            .WithSummary("Returns what applying a configuration would change, and all its faults; changes nothing.");
    }

    private static async Task<Ok<ConfigurationResponse>> Get(ConfigurationExport export, CancellationToken cancellationToken) =>
        TypedResults.Ok(await export.ReadAsync(cancellationToken));

    private static async Task<Ok<ConfigurationPlan>> Plan(
        ConfigurationRequest request, ConfigurationPlanner planner, CancellationToken cancellationToken) =>
        TypedResults.Ok(await planner.PlanAsync(request, cancellationToken));
}
