namespace SiemForwarder.Service.Inbox;

/// <summary>The result of a push; every event of the request is counted once.</summary>
/// <param name="Accepted">Number of events that were added to the log.</param>
/// <param name="Duplicates">Number of events that were already in the log, or occur twice in the request.</param>
/// <param name="Rejected">Events that were not accepted, and will not be if they are sent again unchanged.</param>
public sealed record PushResponse(int Accepted, int Duplicates, IReadOnlyList<RejectedEvent> Rejected);

/// <summary>An event of a request that was not accepted.</summary>
/// <param name="Index">Index in the request, from 0; for NDJSON the line, not counting blank lines.</param>
/// <param name="Reason">What is wrong with it.</param>
public sealed record RejectedEvent(int Index, string Reason);
