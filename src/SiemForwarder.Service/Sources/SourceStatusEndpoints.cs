using Microsoft.AspNetCore.Http.HttpResults;
using SiemForwarder.Events;
using SiemForwarder.Events.Keycloak;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Inbox;
using SiemForwarder.Service.Keycloak;

namespace SiemForwarder.Service.Sources;

/// <summary>How pulling a source goes, and what is pushed to it.</summary>
/// <param name="Running">Whether a poller runs here; of kind <c>http</c> whether the inbox is open.</param>
/// <param name="Poll">What the poller on this engine reports; null where none runs here.</param>
/// <param name="Inbox">What this process took of pushed events since it started; null where nobody may push.</param>
/// <param name="StoredEvents">Events stored so far, the dropped ones included.</param>
/// <param name="LastStoredAt">When an event was last stored; null where none is kept.</param>
public sealed record SourceStatusResponse(bool Running, RealmPollStatus? Poll, InboxStatus? Inbox, long StoredEvents, DateTimeOffset? LastStoredAt);

/// <summary>Check and status of a source.</summary>
internal static class SourceStatusEndpoints
{
    public static void MapSourceStatus(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/sources/{id:int}").WithTags("Sources");
        group.MapPost("/check", Check).WithName("CheckSource")
            .WithSummary("Checks reachability, token, role, API tier, event settings and clock of a realm, of an inbox its keys and what came in, and says what to change.");
        group.MapGet("/status", Status).WithName("GetSourceStatus").WithSummary("Says how pulling and pushing go: last poll, last error, lag, events taken and not taken.");
    }

    private static async Task<Results<Ok<SourceCheckReport>, ProblemHttpResult>> Check(
        int id, SourceStore store, EventInbox inbox, TimeProvider time, HttpRequest request, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(id, cancellationToken) is not { } source)
        {
            return Problems.NotFound("source", id);
        }

        if (store.SecretsOf(source) is not { } secrets)
        {
            return TypedResults.Problem(
                "The stored secrets cannot be decrypted; enter them again.", statusCode: StatusCodes.Status409Conflict, title: "Secret unusable");
        }

        var definition = SourceDefinition.FromJson(source.Definition);
        var url = $"{request.Scheme}://{request.Host}/api/v1/sources/{id}/events";
        var pushed = InboxCheck.Run(
            source, definition.ToInbox(source, secrets, pulledByContent: false), inbox.StatusOf(id), await store.ReadLastStoredAsync(id, cancellationToken), url);
        if (definition.Keycloak is null || secrets.GetValueOrDefault(SourceDefinition.ClientSecret) is not { } secret)
        {
            return TypedResults.Ok(new SourceCheckReport(pushed));
        }

        var recommended = KeycloakEventCatalog.All.Where(type => type is { Recommended: true, Kind: EventKind.User }).Select(type => type.Type).ToList();
        var pulled = await KeycloakSourceCheck.RunAsync(definition.ToKeycloak(source, secret), recommended, time, cancellationToken);
        return TypedResults.Ok(definition.Inbox is null ? pulled : new SourceCheckReport([.. pulled.Items, .. pushed]));
    }

    private static async Task<Results<Ok<SourceStatusResponse>, ProblemHttpResult>> Status(
        int id, SourceStore store, PollService polling, EventInbox inbox, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(id, cancellationToken) is not { } source)
        {
            return Problems.NotFound("source", id);
        }

        var definition = SourceDefinition.FromJson(source.Definition);
        var poll = polling.FindStatus(id);
        return TypedResults.Ok(new SourceStatusResponse(
            poll is not null || (definition.Keycloak is null && source.Enabled),
            poll,
            definition.Inbox is null ? null : inbox.StatusOf(id),
            await store.CountEventsAsync(id, cancellationToken),
            await store.ReadLastStoredAsync(id, cancellationToken)));
    }
}
