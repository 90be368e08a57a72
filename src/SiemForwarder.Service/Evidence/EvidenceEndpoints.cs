using System.ComponentModel;
using System.Security.Claims;
using Microsoft.AspNetCore.Http.HttpResults;
using SiemForwarder.Service.Access;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Integrations;

namespace SiemForwarder.Service.Evidence;

/// <summary>Search, journeys, deliveries and set-aside events.</summary>
internal static class EvidenceEndpoints
{
    public static void MapEvidence(this IEndpointRouteBuilder routes)
    {
        var events = routes.MapGroup("/api/v1/events").WithTags("Events");
        events.MapGet("/", Search).WithName("SearchEvents").Needs(Permission.ReadEvents).WithSummary("Searches stored events, newest first.")
            .WithDescription("All given criteria must match. Searches the last 24 hours unless from is given; window is the time range that was searched.");
        events.MapGet("/{**eventId}", Journey).WithName("GetEventJourney").Needs(Permission.ReadEvents)
            .WithSummary("Shows an event as received and as normalized, and its outcome at each integration.");
        routes.MapGet("/api/v1/event-summary", Summarize).WithTags("Events").WithName("SummarizeEvents").Needs(Permission.ReadEvents)
            .WithSummary("Counts the events of a search over time, and names the most frequent users, clients, addresses and types.")
            .WithDescription("Searches like GET /api/v1/events. At most the newest 100,000 matches are counted.");
        routes.MapGet("/api/v1/alert-summary", SummarizeAlerts).WithTags("Detections").WithName("SummarizeAlerts").Needs(Permission.ReadEvents)
            .WithSummary("Counts the alerts of the detection rules over time and by ATT&CK technique, and lists the newest.");
        var integrations = routes.MapGroup("/api/v1/integrations/{id:int}").WithTags("Integrations");
        integrations.MapGet("/deliveries", Deliveries).WithName("ListDeliveries").Needs(Permission.ReadEvidence)
            .WithSummary("Lists batches that the destination accepted, newest first.");
        integrations.MapGet("/set-aside", SetAside).WithName("ListSetAside").Needs(Permission.ReadEvidence)
            .WithSummary("Lists events that the destination rejected permanently; callers who may read events also get the exact bytes.");
    }

    private static async Task<Results<Ok<EventList>, ValidationProblem>> Search(
        [AsParameters] EventQuery query, EventSearch search, CancellationToken cancellationToken)
    {
        var errors = new FieldErrors();
        errors.Choose("outcome", query.Outcome, "unknown", ApiEnumNames.Outcomes);
        var terms = SearchTerms.Read(query, errors);
        var page = errors.Between("page", query.Page, 1, 1_000_000, 1);
        var pageSize = errors.Between("pageSize", query.PageSize, 1, 500, 50);
        CheckRange(query.From, query.To, errors);
        return errors.Any ? Problems.Invalid(errors) : TypedResults.Ok(await search.FindAsync(query, terms, page, pageSize, cancellationToken));
    }

    private static async Task<Results<Ok<EventSummaryResponse>, ValidationProblem>> Summarize(
        [AsParameters] EventCriteria query, EventSummary summary, CancellationToken cancellationToken)
    {
        var errors = new FieldErrors();
        errors.Choose("outcome", query.Outcome, "unknown", ApiEnumNames.Outcomes);
        var terms = SearchTerms.Read(query, errors);
        CheckRange(query.From, query.To, errors);
        return errors.Any ? Problems.Invalid(errors) : TypedResults.Ok(await summary.CountAsync(query, terms, cancellationToken));
    }

    private static async Task<Results<Ok<AlertSummaryResponse>, ValidationProblem>> SummarizeAlerts(
        EventSummary summary, CancellationToken cancellationToken,
        [Description("Earliest time, inclusive; by default 24 hours before to, or before now.")] DateTimeOffset? from = null,
        [Description("Latest time, exclusive; none by default.")] DateTimeOffset? to = null)
    {
        var errors = new FieldErrors();
        CheckRange(from, to, errors);
        return errors.Any ? Problems.Invalid(errors) : TypedResults.Ok(await summary.ReadAlertsAsync(from, to, cancellationToken));
    }

    private static void CheckRange(DateTimeOffset? from, DateTimeOffset? to, FieldErrors errors)
    {
        if (to <= from)
        {
            errors.Add("to", "Must be later than from.");
        }
    }

    private static async Task<Results<Ok<EventJourney>, ProblemHttpResult>> Journey(
        string eventId, EventJourneys journeys, CancellationToken cancellationToken,
        [Description("Id of a source, if several sources have the event.")] int? source = null)
    {
        var found = await journeys.FindAsync(eventId, cancellationToken);
        return found.FirstOrDefault(journey => source is null || journey.Source == source) is { } journey
            ? TypedResults.Ok(journey)
            : Problems.NotFound("stored event", eventId);
    }

    private static Task<Results<Ok<DeliveryList>, ValidationProblem, ProblemHttpResult>> Deliveries(
        int id, [AsParameters] PageQuery query, IntegrationStore store, DeliveryReader deliveries, CancellationToken cancellationToken) =>
        ListAsync(id, query, store, (page, pageSize) => deliveries.ListDeliveriesAsync(id, page, pageSize, cancellationToken), cancellationToken);

    private static Task<Results<Ok<SetAsideList>, ValidationProblem, ProblemHttpResult>> SetAside(
        int id, [AsParameters] PageQuery query, ClaimsPrincipal user, IntegrationStore store, DeliveryReader deliveries, CancellationToken cancellationToken) =>
        ListAsync(id, query, store, async (page, pageSize) =>
        {
            var list = await deliveries.ListSetAsideAsync(id, page, pageSize, cancellationToken);
            return Caller.Of(user)!.May(Permission.ReadEvents) ? list
                : list with { Items = [.. list.Items.Select(one => one with { Text = null, BytesBase64 = null })] };
        }, cancellationToken);

    private static async Task<Results<Ok<T>, ValidationProblem, ProblemHttpResult>> ListAsync<T>(
        int id, PageQuery query, IntegrationStore store, Func<int, int, Task<T>> list, CancellationToken cancellationToken)
    {
        var errors = new FieldErrors();
        var (page, pageSize) = query.Read(errors);
        if (errors.Any)
        {
            return Problems.Invalid(errors);
        }

        return await store.FindAsync(id, cancellationToken) is null
            ? Problems.NotFound("integration", id)
            : TypedResults.Ok(await list(page, pageSize));
    }
}
