using Microsoft.Extensions.Options;

namespace SiemForwarder.Service.Access.Keys;

/// <summary>Knows the keys without asking the database for each request.</summary>
/// <remarks>All keys are read at once, so that ids which nobody has cost no look-up. A change made in this process counts at once, one made in another
/// after the configuration interval.</remarks>
internal sealed class ApiKeyDirectory(ApiKeyTable table, IOptions<ForwarderOptions> options, TimeProvider time)
{
    // For a key that another engine has just made.
    private static readonly TimeSpan UnknownAge = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan FaultAge = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan EndedFor = TimeSpan.FromDays(30);

    private Snapshot? known;

    /// <summary>The key of that id, also one that ended lately; null where there is none.</summary>
    /// <param name="id">Id of the key.</param>
    /// <param name="isRight">Whether the key fits what was sent; where it does not, another engine may have rotated it.</param>
    /// <exception cref="Npgsql.NpgsqlException">The database cannot be reached.</exception>
    public async Task<ApiKey?> FindAsync(string id, Func<ApiKey, bool> isRight)
    {
        var keys = await ReadAsync(options.Value.ConfigurationInterval);
        return keys.TryGetValue(id, out var key) && isRight(key) ? key : (await ReadAsync(UnknownAge)).GetValueOrDefault(id);
    }

    /// <summary>Lets the next request read the keys anew.</summary>
    public void Forget() => Volatile.Write(ref known, null);

    private Task<Dictionary<string, ApiKey>> ReadAsync(TimeSpan age)
    {
        var before = Volatile.Read(ref known);
        if (before is not null && time.GetElapsedTime(before.ReadAt) < (before.Keys is { IsValueCreated: true, Value.IsFaulted: true } ? FaultAge : age))
        {
            return before.Keys.Value;
        }

        // One look-up for all that ask at the same time.
        var fresh = new Snapshot(time.GetTimestamp(), new Lazy<Task<Dictionary<string, ApiKey>>>(() => ReadAllAsync(CancellationToken.None)));
        var won = Interlocked.CompareExchange(ref known, fresh, before);
        return (ReferenceEquals(won, before) || won is null ? fresh : won).Keys.Value;
    }

    private async Task<Dictionary<string, ApiKey>> ReadAllAsync(CancellationToken cancellationToken) =>
        (await table.ListSinceAsync(time.GetUtcNow() - EndedFor, cancellationToken)).ToDictionary(key => key.Id, StringComparer.Ordinal);

    private sealed record Snapshot(long ReadAt, Lazy<Task<Dictionary<string, ApiKey>>> Keys);
}
