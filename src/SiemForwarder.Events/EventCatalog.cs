using SiemForwarder.Events.Applications;
using SiemForwarder.Events.Keycloak;
using SiemForwarder.Events.Pushed;

namespace SiemForwarder.Events;

/// <summary>Every event type that is known: Keycloak's, and those that applications push.</summary>
public static class EventCatalog
{
    public static IReadOnlyList<EventDescription> All { get; } = [.. KeycloakEventCatalog.All, .. ApplicationEventCatalog.All];

    /// <summary>Every category that an event can have, those of pushed types that nobody knows included.</summary>
    public static IReadOnlyList<string> Categories { get; } =
        [.. All.Select(type => type.Category).Concat(PushedEventMapping.EcsCategories).Distinct().Order(StringComparer.Ordinal)];
}
