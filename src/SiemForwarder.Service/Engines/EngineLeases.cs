using System.Collections.Immutable;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Engines;

/// <summary>The leases that this process holds, and how long it may rely on them.</summary>
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

    /// <summary>Whether this particular lease is still held, and was renewed recently enough to rely on.</summary>
    public bool MayUse(LeaseKind kind, int resourceId, long fence) =>
        AreFresh && held.TryGetValue((kind, resourceId), out var lease) && lease.Fence == fence;

    /// <summary>Waits while it is uncertain whether the lease is still held: after a pause of the whole process, or while the database is unavailable.
    /// If the lease is lost, the waiting loop is cancelled.</summary>
    public async Task WaitForFreshAsync(LeaseKind kind, int resourceId, long fence, CancellationToken cancellationToken)
    {
        while (!MayUse(kind, resourceId, fence))
        {
            await Task.Delay(Glance, time, cancellationToken);
        }
    }

    /// <summary>Whether the last renewal is recent enough to send; after a pause of the whole process it is not.</summary>
    private bool AreFresh => time.GetElapsedTime(Volatile.Read(ref renewedAt)) < duration;

    /// <summary>Applies the leases read from the database; <paramref name="askedAt"/> is a timestamp from before the query.</summary>
    public void Renewed(IEnumerable<Lease> leases, long askedAt, TimeSpan leaseDuration)
    {
        // Lost leases are removed before the rest count as fresh: nothing may be sent under a lease that another engine now holds.
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
