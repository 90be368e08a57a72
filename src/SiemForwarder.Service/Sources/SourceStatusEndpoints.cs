using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using SiemForwarder.Events;
using SiemForwarder.Events.Keycloak;
using SiemForwarder.Service.Access;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.Inbox;
using SiemForwarder.Service.Keycloak.Checks;
using SiemForwarder.Service.Keycloak.Client;
using SiemForwarder.Service.Keycloak.Tail;

namespace SiemForwarder.Service.Sources;

/// <summary>The status of polling a source, and of what is pushed to it.</summary>
/// <param name="Running">Whether the poller runs in this process; for kind <c>http</c>, whether the inbox is open.</param>
/// <param name="Poll">The status of the poller; null before its first report. If it runs on another engine, up to 15 seconds old.</param>
/// <param name="History">The status of reading the source's history, if this process is reading it.</param>
/// <param name="Inbox">Pushed events handled by this process since it started; null if no one may push.</param>
/// <param name="StoredEvents">Number of events stored so far, including dropped ones.</param>
/// <param name="LastStoredAt">When an event was last stored; null if none is kept.</param>
/// <param name="Engine">Engine that polls it, or polled it last.</param>
/// <param name="ReportedAt">When that engine reported; null if the poller runs in this process.</param>
/// <param name="Warnings">Certificates that expire within 30 days. Absent if there are none.</param>
public sealed record SourceStatusResponse(
    bool Running, RealmPollStatus? Poll, RealmPollStatus? History, InboxStatus? Inbox, long StoredEvents, DateTimeOffset? LastStoredAt, string? Engine,
    DateTimeOffset? ReportedAt, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<string>? Warnings = null);

/// <summary>Check and status of a source.</summary>
internal static class SourceStatusEndpoints
{
    public static void MapSourceStatus(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/sources/{id:int}").WithTags("Sources");
        group.MapPost("/check", Check).WithName("CheckSource").Needs(Permission.Operate)
            .WithSummary("Checks a source and says what to change: reachability, token, role, API tier, event settings and clock of a realm; "
                + "keys and received events of an inbox.");
        group.MapGet("/status", Status).WithName("GetSourceStatus").Needs(Permission.ReadStates)
            .WithSummary("Shows the status of a source: last poll, last error, lag, accepted and rejected events.");
    }

    private static async Task<Results<Ok<SourceCheckReport>, ProblemHttpResult>> Check(
        int id, SourceStore store, RealmIdentities identities, EventInbox inbox, TimeProvider time, HttpRequest request, CancellationToken cancellationToken)
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

        if (SourceDefinition.Read(source.Definition, out var fault) is not { } definition)
        {
            return TypedResults.Ok(new SourceCheckReport([new SourceCheckItem("settings", SourceCheckResult.Failed, fault!, "Update this engine.")]));
        }

        var url = $"{request.Scheme}://{request.Host}/api/v1/sources/{id}/events";
        var pushed = InboxCheck.Run(
            source, definition.ToInbox(source, secrets, pulledByContent: false), secrets, inbox.StatusOf(id),
            await store.ReadLastStoredAsync(id, cancellationToken), url);
        if (definition.Keycloak is null)
        {
            return TypedResults.Ok(new SourceCheckReport(pushed));
        }

        var recommended = KeycloakEventCatalog.All.Where(type => type is { Recommended: true, Kind: EventKind.User }).Select(type => type.Type).ToList();
        var keycloak = definition.ToKeycloak(source, secrets, store.Egress);
        var pulled = await KeycloakSourceCheck.RunAsync(keycloak, recommended, time, cancellationToken);
        var twins = await FindTwinsAsync(keycloak, definition.Keycloak, identities, time, cancellationToken);
        return TypedResults.Ok(new SourceCheckReport([.. pulled.Items, .. twins, .. pushed]));
    }

    private static async Task<IReadOnlyList<SourceCheckItem>> FindTwinsAsync(
        KeycloakSource source, KeycloakDefinition definition, RealmIdentities identities, TimeProvider time, CancellationToken cancellationToken)
    {
        var identity = await RealmIdentityReader.ReadAsync(source, time, cancellationToken);
        var twins = await identities.FindTwinsAsync(source.Id, definition, identity, cancellationToken);
        return twins.Count == 0 ? [] :
        [
            new SourceCheckItem(
                "same realm", definition.AllowDuplicate ? SourceCheckResult.Ok : SourceCheckResult.Warning,
                $"The same realm is also read by {string.Join(", ", twins.Select(name => $"'{name}'"))}, so each of its events is stored once per source.",
                definition.AllowDuplicate ? null : "Delete one of the sources, or set keycloak.allowDuplicate if this is intended."),
        ];
    }

    private static async Task<Results<Ok<SourceStatusResponse>, ProblemHttpResult>> Status(
        int id, SourceStore store, PollService polling, SourceStatusTable reports, EventInbox inbox, IOptions<EngineOptions> engine,
        ExpiryWatch expiry, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(id, cancellationToken) is not { } source)
        {
            return Problems.NotFound("source", id);
        }

        var definition = SourceDefinition.ReadKnown(source.Definition);
        var here = polling.FindStatus(id);
        var last = here is null ? await reports.FindAsync(id, cancellationToken) : null;
        return TypedResults.Ok(new SourceStatusResponse(
            here is not null || (definition.Keycloak is null && source.Enabled),
            here ?? last?.Poll,
            polling.FindHistory(id),
            definition.Inbox is null ? null : inbox.StatusOf(id),
            await store.CountEventsAsync(id, cancellationToken),
            await store.ReadLastStoredAsync(id, cancellationToken),
            here is null ? last?.Engine : engine.Value.Name,
            last?.At,
            await expiry.ReadWarningsAsync($"source:{id}", source.Version, cancellationToken)));
    }
}
