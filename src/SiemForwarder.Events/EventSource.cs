namespace SiemForwarder.Events;

/// <summary>What normalizing needs to know of the place that events came from.</summary>
/// <param name="Id">Number of the source.</param>
/// <param name="Name">Name that the administrator gave it.</param>
/// <param name="Realm">Realm name; events carry only the realm's internal id.</param>
/// <param name="Host">Host name of the Keycloak server, or an empty string.</param>
public sealed record EventSource(int Id, string Name, string Realm, string Host);
