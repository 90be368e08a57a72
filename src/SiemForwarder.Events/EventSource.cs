namespace SiemForwarder.Events;

/// <summary>What normalizing needs to know about the source of an event.</summary>
/// <param name="Id">Id of the source.</param>
/// <param name="Name">Name given by the administrator.</param>
/// <param name="Realm">Realm name; events carry only the realm's internal id.</param>
/// <param name="Host">Host name of the Keycloak server, or an empty string.</param>
public sealed record EventSource(int Id, string Name, string Realm, string Host);
