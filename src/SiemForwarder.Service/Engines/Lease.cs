namespace SiemForwarder.Service.Engines;

/// <summary>The kind of work that is leased.</summary>
internal enum LeaseKind
{
    Source,
    Integration,
}

/// <summary>Ownership of one piece of work, with the fencing number that every checkpoint move must give.</summary>
/// <param name="ResourceId">Id of the source or integration.</param>
/// <param name="Fence">Grows with every change of ownership.</param>
internal sealed record Lease(LeaseKind Kind, int ResourceId, long Fence);
