namespace SiemForwarder.Service.Inbox;

/// <summary>What became of the events of a request; every one of them is counted once.</summary>
/// <param name="Accepted">Events that are in the log now and were not before.</param>
/// <param name="Duplicates">Events that were in the log already, or twice in the request.</param>
/// <param name="Rejected">Events that were not taken, and will not be if they are sent again as they are.</param>
public sealed record PushResponse(int Accepted, int Duplicates, IReadOnlyList<RejectedEvent> Rejected);

/// <summary>An event of a request that was not taken.</summary>
/// <param name="Index">Place in the request, from 0; of NDJSON the line, blank lines not counted.</param>
/// <param name="Reason">What is wrong with it.</param>
public sealed record RejectedEvent(int Index, string Reason);
