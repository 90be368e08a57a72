namespace SiemForwarder.Service.Inbox;

/// <summary>What came of a commit.</summary>
/// <param name="Stored">How many events were new.</param>
/// <param name="Fault">Why nothing is known to be stored; null after the commit.</param>
internal sealed record CommitOutcome(int Stored, string? Fault)
{
    /// <summary>Whether the source is not there any more.</summary>
    public bool IsGone { get; init; }
}
