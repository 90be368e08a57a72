namespace SiemForwarder.Events;

/// <summary>What sort of record an event is.</summary>
public enum EventKind
{
    /// <summary>A login event: something a user or client did at Keycloak.</summary>
    User,

    /// <summary>An admin event: something an administrator changed.</summary>
    Admin,

    /// <summary>An event that an application pushed under a name of its own.</summary>
    Application,

    /// <summary>An event that the forwarder raised about itself.</summary>
    Operational,
}
