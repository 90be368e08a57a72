namespace SiemForwarder.Service.Sources;

/// <summary>What an integration has not got of a source; member <c>integrations</c> of the problem where the source is not deleted for it.</summary>
/// <param name="Id">Id of the integration.</param>
/// <param name="Name">Its name.</param>
/// <param name="Undelivered">How many stored events it has not got, before its filter.</param>
public sealed record UndeliveredEvents(int Id, string Name, long Undelivered);
