namespace SiemForwarder.Service.Inbox;

/// <summary>What an inbox has received since this process started; other engines keep their own counts.</summary>
/// <param name="Accepted">Number of events stored.</param>
/// <param name="Duplicates">Number of events that were already in the log.</param>
/// <param name="Rejected">Number of events that could not be accepted.</param>
/// <param name="Refused">Number of requests that were rejected as a whole.</param>
/// <param name="LastAcceptedAt">When an event was last stored.</param>
/// <param name="LastFault">What was wrong with the last rejected request or event.</param>
/// <param name="LastFaultAt">When it was rejected.</param>
public sealed record InboxStatus(
    long Accepted, long Duplicates, long Rejected, long Refused, DateTimeOffset? LastAcceptedAt, string? LastFault, DateTimeOffset? LastFaultAt)
{
    public static readonly InboxStatus Unused = new(0, 0, 0, 0, null, null, null);
}
