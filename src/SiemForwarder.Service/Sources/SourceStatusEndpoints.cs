using Microsoft.AspNetCore.Http.HttpResults;
using SiemForwarder.Events;
using SiemForwarder.Events.Keycloak;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Keycloak;

namespace SiemForwarder.Service.Sources;

/// <summary>How pulling a source goes.</summary>
/// <param name="Poll">What the poller on this engine reports; null where none runs here.</param>
/// <param name="StoredEvents">Events stored so far, the dropped ones included.</param>
/// <param name="Running">Whether a poller runs here.</param>
public sealed record SourceStatusResponse(bool Running, RealmPollStatus? Poll, long StoredEvents);

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
        int id, SourceStore store, PollService polling, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(id, cancellationToken) is null)
        {
            return Problems.NotFound("source", id);
        }

        var status = polling.FindStatus(id);
        return TypedResults.Ok(new SourceStatusResponse(status is not null, status, await store.CountEventsAsync(id, cancellationToken)));
    }
}
