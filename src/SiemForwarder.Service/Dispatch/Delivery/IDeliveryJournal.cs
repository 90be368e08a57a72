namespace SiemForwarder.Service.Dispatch.Delivery;

/// <summary>Where a lane of an integration writes down what became of its batches: its live traffic, a replay, or a redrive.</summary>
internal interface IDeliveryJournal
{
    /// <summary>Whether the lane sets aside what is refused; false where its events were set aside before.</summary>
    bool SetsAside => true;

    /// <summary>Records a batch that came to its end and moves the checkpoint of the lane; false, and nothing recorded, where it is not this
    /// lane's to move any more.</summary>
    Task<bool> RecordAsync(DeliveryRecord record, CancellationToken cancellationToken);

    /// <summary>Shows a failed round: why, and when the next one starts.</summary>
    Task RecordErrorAsync(DeliveryError error, CancellationToken cancellationToken);

    /// <summary>Notes a failed attempt that is going to be retried.</summary>
    Task RecordAttemptAsync(DeliveryError error, CancellationToken cancellationToken);

    /// <summary>Writes down that positions could not be sent because they were gone; false where the log has another history, so that nothing
    /// is known to be gone.</summary>
    Task<bool> RecordGapAsync(int sourceId, PositionRange gap, long incarnation, CancellationToken cancellationToken);
}
