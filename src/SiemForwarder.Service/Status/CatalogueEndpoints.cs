using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using SiemForwarder.Destinations;
using SiemForwarder.Events;
using SiemForwarder.Events.Formats.Native;
using SiemForwarder.Service.Access;
using SiemForwarder.Service.Api;

namespace SiemForwarder.Service.Status;

/// <summary>The catalogues: event types, destinations, schemas.</summary>
internal static class CatalogueEndpoints
{
    public static void MapCatalogues(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1").WithTags("Catalogues");
        group.MapGet("/event-types", EventTypes).WithName("ListEventTypes").Needs(Permission.ReadSettings)
            .WithSummary("Lists all known event types, Keycloak's and others, with description, category and severity, and whether each is recommended and "
                + "stored by Keycloak by default.");
        group.MapGet("/destinations", Destinations).WithName("ListDestinations").Needs(Permission.ReadSettings)
            .WithSummary("Describes every kind of destination: schemes, default ports, fields, which of them are secret, and what counts as success.");
        group.MapGet("/schemas/native.json", () => TypedResults.Stream(NativeJson.OpenSchema(), "application/schema+json"))
            .WithName("GetNativeSchema").Needs(Permission.ReadSettings)
            .WithSummary("Returns the JSON Schema of the native event format.").Produces<JsonElement>(StatusCodes.Status200OK, "application/schema+json");
    }

    private static Results<Ok<ListPage<EventTypeResponse>>, ValidationProblem> EventTypes([AsParameters] WholeListQuery query) => query.Cut(
        EventCatalog.All.Select(type => new EventTypeResponse(
            type.Type, type.Name, type.Summary, type.Kind.ToString().ToLowerInvariant(), type.Category, type.Severity, type.FailureSeverity, type.Recommended,
            type.StoredByDefault))
        .ToList());

    private static Results<Ok<ListPage<DestinationResponse>>, ValidationProblem> Destinations([AsParameters] WholeListQuery query) => query.Cut(
        DestinationCatalog.All.Select(kind => new DestinationResponse(
            kind.Id, kind.Name, kind.Description, kind.DefaultPorts, AcceptanceText.Of(kind.Acceptance),
            [.. kind.Fields.Select(field => new DestinationFieldResponse(
                field.Name, field.Type.ToString().ToLowerInvariant(), field.Required, field.Default, field.Secret, field.Choices, field.Description))],
            kind.Documentation))
        .ToList());
}
