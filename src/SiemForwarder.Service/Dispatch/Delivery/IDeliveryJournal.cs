namespace SiemForwarder.Service.Dispatch.Delivery;

/// <summary>Where a lane of an integration (live traffic, a replay or a redrive) records the outcome of its batches.</summary>
internal interface IDeliveryJournal
{
    /// <summary>Whether the lane sets rejected events aside; false if its events already are set aside.</summary>
    bool SetsAside => true;

    /// <summary>Records a finished batch and moves the checkpoint of the lane; false, with nothing recorded, if it is no longer this
    /// lane's to move.</summary>
    Task<bool> RecordAsync(DeliveryRecord record, CancellationToken cancellationToken);

    /// <summary>Shows a failed round: why, and when the next one starts.</summary>
    Task RecordErrorAsync(DeliveryError error, CancellationToken cancellationToken);

    /// <summary>Records a failed attempt that will be retried.</summary>
    Task RecordAttemptAsync(DeliveryError error, CancellationToken cancellationToken);

    /// <summary>Records that positions could not be sent because they were gone; false if the log has another history, in which case nothing
    /// is known to be gone.</summary>
    Task<bool> RecordGapAsync(int sourceId, PositionRange gap, long incarnation, CancellationToken cancellationToken);
}
