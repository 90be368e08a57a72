using SiemForwarder.Events.Keycloak;

namespace SiemForwarder.Service.Status;

/// <summary>The catalogues: event types, destinations, schemas.</summary>
internal static class CatalogueEndpoints
{
    public static void MapCatalogues(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1").WithTags("Catalogues");
        group.MapGet("/event-types", () => TypedResults.Ok(KeycloakEventCatalog.All)).WithName("ListEventTypes")
            .WithSummary("Lists every event type: description, category, severity, whether it is recommended and stored by Keycloak by default.");
    }
}
