namespace SiemForwarder.Events;

/// <summary>Somebody (or some service account) that took part in an event; every member may be unknown.</summary>
/// <param name="Id">User id; an opaque string.</param>
/// <param name="Name">User name as Keycloak knows it, or as somebody typed it: never to be trusted.</param>
/// <param name="Email">E-mail address.</param>
/// <param name="Realm">Realm name or id that the account lives in.</param>
/// <param name="ClientId">Client through which it acted (for admin events: the client's internal id).</param>
public sealed record EventParty(string? Id, string? Name, string? Email, string? Realm, string? ClientId)
{
    /// <summary>True for the account of a client that logged in by itself: by the event (<c>CLIENT_LOGIN</c>), or by its name, which Keycloak
    /// gives to such accounts alone.</summary>
    public bool IsServiceAccount { get; init; } = Name?.StartsWith("service-account-", StringComparison.Ordinal) == true;
}
