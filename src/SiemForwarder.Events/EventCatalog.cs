using SiemForwarder.Events.Applications;
using SiemForwarder.Events.Keycloak;
using SiemForwarder.Events.Pushed;

namespace SiemForwarder.Events;

/// <summary>All known event types: Keycloak's, those pushed by applications, and the alerts of detection rules.</summary>
public static class EventCatalog
{
    public static IReadOnlyList<EventDescription> All { get; } = [.. KeycloakEventCatalog.All, .. ApplicationEventCatalog.All, DetectionEvents.Description];

    /// <summary>All categories that an event can have, including those of unknown pushed types.</summary>
    public static IReadOnlyList<string> Categories { get; } =
        [.. All.Select(type => type.Category).Concat(PushedEventMapping.EcsCategories).Distinct().Order(StringComparer.Ordinal)];
}
