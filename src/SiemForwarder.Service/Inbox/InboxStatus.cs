namespace SiemForwarder.Service.Inbox;

/// <summary>What an inbox took since this process started; other engines count for themselves.</summary>
/// <param name="Accepted">Events stored.</param>
/// <param name="Duplicates">Events that were in the log already.</param>
/// <param name="Rejected">Events that could not be taken.</param>
/// <param name="Refused">Requests that were refused as a whole.</param>
/// <param name="LastAcceptedAt">When an event was last stored.</param>
/// <param name="LastFault">What was wrong with the last request or event that was not taken.</param>
/// <param name="LastFaultAt">When that was.</param>
public sealed record InboxStatus(
    long Accepted, long Duplicates, long Rejected, long Refused, DateTimeOffset? LastAcceptedAt, string? LastFault, DateTimeOffset? LastFaultAt)
{
    public static readonly InboxStatus Unused = new(0, 0, 0, 0, null, null, null);
}
