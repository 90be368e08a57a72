using System.Security.Claims;
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
            .WithSummary("Returns pools, sources, integrations, rules and roles in the form of a configuration file: defaults omitted, secrets as references, "
                + "roles only for those who may read who has which.");
        group.MapPost("/plan", Plan).WithName("PlanConfiguration").Needs(Permission.ReadSettings)
            .WithSummary("Returns what applying a configuration would change, and all its faults; changes nothing. "
                + "With roles, it also requires to be allowed to read who has which.");
    }

    private static async Task<Ok<ConfigurationResponse>> Get(ConfigurationExport export, ClaimsPrincipal user, CancellationToken cancellationToken) =>
        TypedResults.Ok(await export.ReadAsync(Caller.Of(user)!.May(Permission.ReadAudit), cancellationToken));

    private static async Task<Results<Ok<ConfigurationPlan>, ProblemHttpResult>> Plan(
        ConfigurationRequest request, ConfigurationPlanner planner, ClaimsPrincipal user, CancellationToken cancellationToken)
    {
        var plan = await planner.PlanAsync(request, cancellationToken);
        // A plan shows who has a role now.
        return (request.Roles is { Count: > 0 } || plan.Changes.Any(change => change.Kind == PlannedChange.Role))
            && Caller.Of(user) is var caller && !caller!.May(Permission.ReadAudit)
            ? AccessAnswers.Forbidden("A plan of roles", caller, Permission.ReadAudit)
            : TypedResults.Ok(plan);
    }
}
