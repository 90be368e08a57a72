namespace SiemForwarder.Service.Access;

/// <summary>What was read from the database, shared by all requests until it is older than they accept.</summary>
/// <param name="read">Reads it anew; one reading serves all concurrent requests.</param>
/// <param name="time">The clock of the service.</param>
internal sealed class RecentReading<T>(Func<CancellationToken, Task<T>> read, TimeProvider time)
{
    private static readonly TimeSpan FaultAge = TimeSpan.FromSeconds(1);

    private Snapshot? known;

    /// <summary>What was read at most that long ago; a failed reading is tried again after a second.</summary>
    /// <exception cref="Npgsql.NpgsqlException">The database cannot be reached.</exception>
    public Task<T> ReadAsync(TimeSpan age)
    {
        var before = Volatile.Read(ref known);
        if (before is not null && time.GetElapsedTime(before.ReadAt) < (before.Content is { IsValueCreated: true, Value.IsFaulted: true } ? FaultAge : age))
        {
            return before.Content.Value;
        }

        // One request that ends does not end the reading of the others.
        var fresh = new Snapshot(time.GetTimestamp(), new Lazy<Task<T>>(() => read(CancellationToken.None)));
        var won = Interlocked.CompareExchange(ref known, fresh, before);
        return (ReferenceEquals(won, before) || won is null ? fresh : won).Content.Value;
    }

    /// <summary>Makes the next request read anew.</summary>
    public void Forget() => Volatile.Write(ref known, null);

    private sealed record Snapshot(long ReadAt, Lazy<Task<T>> Content);
}
