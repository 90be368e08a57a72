namespace SiemForwarder.Service.Engines;

/// <summary>The sort of work that is leased.</summary>
internal enum LeaseKind
{
    Source,
    Integration,
}

/// <summary>Ownership of one piece of work, with the number that every checkpoint move must name.</summary>
/// <param name="ResourceId">Id of the source or integration.</param>
/// <param name="Fence">Grows with every change of hands.</param>
internal sealed record Lease(LeaseKind Kind, int ResourceId, long Fence);
