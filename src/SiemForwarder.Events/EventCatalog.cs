using SiemForwarder.Events.Applications;
using SiemForwarder.Events.Keycloak;

namespace SiemForwarder.Events;

/// <summary>Every event type that is known: Keycloak's, and those that applications push.</summary>
public static class EventCatalog
{
    public static IReadOnlyList<EventDescription> All { get; } = [.. KeycloakEventCatalog.All, .. ApplicationEventCatalog.All];
}
