namespace SiemForwarder.Events.Pushed;

/// <summary>The shapes of pushed events; recognized from the event itself, so there is nothing to configure.</summary>
public enum PushedShape
{
    /// <summary>The native schema: it has an <c>event_type</c>.</summary>
    Native,

    /// <summary>A login event as a webhook plug-in of Keycloak writes it.</summary>
    UserWebhook,

    /// <summary>An admin event as a webhook plug-in of Keycloak writes it.</summary>
    AdminWebhook,

    /// <summary>An event that an application published through a webhook plug-in under a name of its own.</summary>
    ApplicationWebhook,
}
