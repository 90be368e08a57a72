using SiemForwarder.Destinations.Sockets;
using SiemForwarder.Service.Memory;

namespace SiemForwarder.Service.Dispatch.Delivery;

/// <summary>The shares of all deliveries in the memory of the process: batches, and windows of batches to be sent again.</summary>
internal sealed class DeliveryMemory
{
    private const long MinBatches = 16L * 1024 * 1024;
    private const long MaxBatches = 64L * 1024 * 1024;
    private const long MaxResends = 128L * 1024 * 1024;

    public DeliveryMemory(MemoryBudget budget)
    {
        Batches = budget.Open(MemoryPart.Batches, MinBatches, MaxBatches);
        // Always theirs: how far back a window reaches must not depend on what else the process does.
        var resends = Math.Min(MaxResends, budget.Bytes / 2);
        var windows = budget.Open(MemoryPart.Resends, resends, resends);
        Resends = new ResendBudget(() => windows.Room, windows.Take);
    }

    /// <summary>The share of batches that are prepared or sent.</summary>
    public MemoryShare Batches { get; }

    /// <summary>What all resend windows may hold.</summary>
    public ResendBudget Resends { get; }
}
