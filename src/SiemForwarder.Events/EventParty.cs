namespace SiemForwarder.Events;

/// <summary>A person or service account involved in an event; every member may be unknown.</summary>
/// <param name="Id">User id; an opaque string.</param>
/// <param name="Name">User name as known to Keycloak or as typed by someone: never trustworthy.</param>
/// <param name="Email">E-mail address.</param>
/// <param name="Realm">Name or id of the account's realm.</param>
/// <param name="ClientId">Client through which it acted (for admin events the client's internal id).</param>
public sealed record EventParty(string? Id, string? Name, string? Email, string? Realm, string? ClientId)
{
    /// <summary>True for the account of a client that logged in on its own: according to the event (<c>CLIENT_LOGIN</c>), or to its name, which Keycloak
    /// gives only to such accounts.</summary>
    public bool IsServiceAccount { get; init; } = Name?.StartsWith("service-account-", StringComparison.Ordinal) == true;
}
