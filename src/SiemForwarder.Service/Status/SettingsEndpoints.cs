using Microsoft.AspNetCore.Http.HttpResults;
using SiemForwarder.Service.Access;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Settings;

namespace SiemForwarder.Service.Status;

/// <summary>A setting of the process that answers.</summary>
/// <param name="Name">Its name in the environment.</param>
/// <param name="Value">The value in force; <c>***</c> if it is or may contain a secret, null if there is none.</param>
/// <param name="Default">Its default, in words where it differs between machines.</param>
/// <param name="IsDefault">Whether the value is the default.</param>
/// <param name="Origin">Where it was set: <c>environment</c>, <c>command line</c> or the name of a file; null if it was not set.</param>
/// <param name="Description">What it is for.</param>
public sealed record SettingResponse(string Name, string? Value, string? Default, bool IsDefault, string? Origin, string? Description);

/// <summary>The settings in force.</summary>
internal static class SettingsEndpoints
{
    public static void MapSettings(this IEndpointRouteBuilder routes) => routes
        .MapGet("/api/v1/settings", List).WithTags("Status").WithName("ListSettings").Needs(Permission.ReadAudit)
        .WithSummary("Lists the settings that the process that answers runs with: value, default, where it was set, and what it is for. "
            + "Secrets are never shown.");

    private static Results<Ok<ListPage<SettingResponse>>, ValidationProblem> List([AsParameters] WholeListQuery query, SettingsInForce settings) => query.Cut(
        settings.List().Select(one =>
        {
            var said = SettingsPage.Find(one.Name);
            return new SettingResponse(one.Name, one.Value, said?.Default, one.IsDefault, one.Origin, said?.Description);
        }).ToList());
}
