using SiemForwarder.Events.Applications;
using SiemForwarder.Events.Keycloak;
using SiemForwarder.Events.Pushed;

namespace SiemForwarder.Events;

/// <summary>All known event types: Keycloak's, and those pushed by applications.</summary>
public static class EventCatalog
{
    public static IReadOnlyList<EventDescription> All { get; } = [.. KeycloakEventCatalog.All, .. ApplicationEventCatalog.All];

    /// <summary>All categories that an event can have, including those of unknown pushed types.</summary>
    public static IReadOnlyList<string> Categories { get; } =
        [.. All.Select(type => type.Category).Concat(PushedEventMapping.EcsCategories).Distinct().Order(StringComparer.Ordinal)];
}
