using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using SiemForwarder.Events;
using SiemForwarder.Events.Keycloak;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.Keycloak;

namespace SiemForwarder.Service.Sources;

/// <summary>How pulling a source goes.</summary>
/// <param name="Poll">What the poller reports; null before its first report. From another engine it is up to 15 seconds old.</param>
/// <param name="StoredEvents">Events stored so far, the dropped ones included.</param>
/// <param name="Running">Whether the poller runs in this process.</param>
/// <param name="Engine">Engine that polls it, or polled it last.</param>
/// <param name="ReportedAt">When that engine reported; null where the poller runs in this process.</param>
public sealed record SourceStatusResponse(
    bool Running, RealmPollStatus? Poll, long StoredEvents, string? Engine = null, DateTimeOffset? ReportedAt = null);

/// <summary>Check and status of a source.</summary>
internal static class SourceStatusEndpoints
{
    public static void MapSourceStatus(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/sources/{id:int}").WithTags("Sources");
        group.MapPost("/check", Check).WithName("CheckSource")
            .WithSummary("Checks reachability, token, role, API tier, event settings and clock of a realm, and says what to change.");
        group.MapGet("/status", Status).WithName("GetSourceStatus").WithSummary("Says how pulling goes: last poll, last error, lag.");
    }

    private static async Task<Results<Ok<SourceCheckReport>, ProblemHttpResult>> Check(
        int id, SourceStore store, TimeProvider time, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(id, cancellationToken) is not { } source)
        {
            return Problems.NotFound("source", id);
        }

        if (store.SecretsOf(source)?.GetValueOrDefault(SourceDefinition.ClientSecret) is not { } secret)
        {
            return TypedResults.Problem(
                "The stored client secret cannot be decrypted; enter it again.", statusCode: StatusCodes.Status409Conflict, title: "Secret unusable");
        }

        var keycloak = SourceDefinition.FromJson(source.Definition).ToKeycloak(source, secret);
        var recommended = KeycloakEventCatalog.All.Where(type => type is { Recommended: true, Kind: EventKind.User }).Select(type => type.Type).ToList();
        return TypedResults.Ok(await KeycloakSourceCheck.RunAsync(keycloak, recommended, time, cancellationToken));
    }

    private static async Task<Results<Ok<SourceStatusResponse>, ProblemHttpResult>> Status(
        int id, SourceStore store, PollService polling, SourceStatusTable reports, IOptions<EngineOptions> engine, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(id, cancellationToken) is null)
        {
            return Problems.NotFound("source", id);
        }

        var stored = await store.CountEventsAsync(id, cancellationToken);
        if (polling.FindStatus(id) is { } here)
        {
            return TypedResults.Ok(new SourceStatusResponse(true, here, stored, engine.Value.Name));
        }

        var last = await reports.FindAsync(id, cancellationToken);
        return TypedResults.Ok(new SourceStatusResponse(false, last?.Poll, stored, last?.Engine, last?.At));
    }
}
