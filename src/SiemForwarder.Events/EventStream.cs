namespace SiemForwarder.Events;

/// <summary>The stream of a source that a page of events came from; stored with each segment, so the numbers never change.</summary>
public enum EventStream
{
    /// <summary>Keycloak's login events (<c>GET …/events</c>).</summary>
    User = 1,

    /// <summary>Keycloak's admin events (<c>GET …/admin-events</c>).</summary>
    Admin = 2,

    /// <summary>Events that were posted to the inbox.</summary>
    Pushed = 3,

    /// <summary>Events that the forwarder raises about itself.</summary>
    Forwarder = 4,

    /// <summary>Alerts that the forwarder's detection rules raise.</summary>
    Detection = 5,
}
