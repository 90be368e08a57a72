namespace SiemForwarder.Events;

/// <summary>The kind of an event.</summary>
public enum EventKind
{
    /// <summary>A login event: something a user or client did in Keycloak.</summary>
    User,

    /// <summary>An admin event: something an administrator changed.</summary>
    Admin,

    /// <summary>An event that an application pushed under its own name.</summary>
    Application,

    /// <summary>An event that the forwarder raised about itself.</summary>
    Operational,

    /// <summary>An alert that a detection rule raised about other events.</summary>
    Detection,
}
