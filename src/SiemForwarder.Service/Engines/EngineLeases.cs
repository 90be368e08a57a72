using System.Collections.Immutable;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Engines;

/// <summary>The leases that this process holds, and until when it may believe so.</summary>
internal sealed class EngineLeases(TimeProvider time)
{
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(100);

    private ImmutableDictionary<(LeaseKind Kind, int Id), Lease> held = ImmutableDictionary<(LeaseKind, int), Lease>.Empty;
    private readonly ChangeSignal change = new();
    private long renewedAt;
    private TimeSpan duration;

    /// <summary>Completes at the first change after this call.</summary>
    public Task Changed => change.Changed;

    /// <summary>The fences of the leases of a kind, by resource.</summary>
    public IReadOnlyDictionary<int, long> Fences(LeaseKind kind) =>
        held.Values.Where(lease => lease.Kind == kind).ToDictionary(lease => lease.ResourceId, lease => lease.Fence);

    public IReadOnlyList<Lease> All => [.. held.Values];

    /// <summary>Whether this very lease is still held, and renewed a short enough time ago to act on it.</summary>
    public bool MayUse(LeaseKind kind, int resourceId, long fence) =>
        AreFresh && held.TryGetValue((kind, resourceId), out var lease) && lease.Fence == fence;

    /// <summary>Waits while it is not sure that the lease still holds: after a pause of the whole process, or with the database away. Where it is
    /// lost, the loop that waits is cancelled here.</summary>
    public async Task WaitForFreshAsync(LeaseKind kind, int resourceId, long fence, CancellationToken cancellationToken)
    {
        while (!MayUse(kind, resourceId, fence))
        {
            await Task.Delay(Glance, time, cancellationToken);
        }
    }

    /// <summary>Whether the last renewal is young enough to send on; after a pause of the whole process it is not.</summary>
    private bool AreFresh => time.GetElapsedTime(Volatile.Read(ref renewedAt)) < duration;

    /// <summary>Takes over what the database says; <paramref name="askedAt"/> is a timestamp from before it was asked.</summary>
    public void Renewed(IEnumerable<Lease> leases, long askedAt, TimeSpan leaseDuration)
    {
        // What was lost goes before what is left counts as fresh: nobody may send on a lease that another engine has by now.
        Replace(leases.ToImmutableDictionary(lease => (lease.Kind, lease.ResourceId)));
        duration = leaseDuration;
        Volatile.Write(ref renewedAt, askedAt);
    }

    public void Add(Lease lease) => Replace(held.SetItem((lease.Kind, lease.ResourceId), lease));

    public void Remove(IEnumerable<Lease> leases) => Replace(held.RemoveRange(leases.Select(lease => (lease.Kind, lease.ResourceId))));

    private void Replace(ImmutableDictionary<(LeaseKind, int), Lease> next)
    {
        var same = next.Count == held.Count && next.All(pair => held.TryGetValue(pair.Key, out var lease) && lease == pair.Value);
        held = next;
        if (!same)
        {
            change.Raise();
        }
    }
}
