namespace SiemForwarder.Service.Engines;

/// <summary>The kind of work that is leased.</summary>
internal enum LeaseKind
{
    Source,
    Integration,

    /// <summary>Reading the log for the detection rules, the lease of the source that their alerts go to.</summary>
    Detections,
}

/// <summary>Work of a later stage that engines share.</summary>
/// <param name="Kind">Its kind of lease.</param>
/// <param name="Role">Role of the engines that may do it.</param>
/// <param name="Rows">Relation of the ids of what is to be done: id.</param>
internal sealed record LeasedWork(LeaseKind Kind, string Role, string Rows);

/// <summary>Ownership of one piece of work, with the fencing number that every checkpoint move must give.</summary>
/// <param name="ResourceId">Id of the source or integration.</param>
/// <param name="Fence">Grows with every change of ownership.</param>
internal sealed record Lease(LeaseKind Kind, int ResourceId, long Fence);
