using Microsoft.Extensions.Options;

namespace SiemForwarder.Service.Access.Keys;

/// <summary>Looks up keys without querying the database for each request.</summary>
/// <remarks>All keys are read at once, so that unknown ids cost no lookup. A change made in this process takes effect at once, one made in another
/// after the configuration interval.</remarks>
internal sealed class ApiKeyDirectory(ApiKeyTable table, IOptions<ForwarderOptions> options, TimeProvider time)
{
    // For a key that another engine has just created.
    private static readonly TimeSpan UnknownAge = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan FaultAge = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan EndedFor = TimeSpan.FromDays(30);

    private Snapshot? known;

    /// <summary>The key with an id, including recently expired or revoked ones; null if there is none.</summary>
    /// <param name="id">Id of the key.</param>
    /// <param name="isRight">Whether the key matches what was sent; if not, another engine may have rotated it.</param>
    /// <exception cref="Npgsql.NpgsqlException">The database cannot be reached.</exception>
    public async Task<ApiKey?> FindAsync(string id, Func<ApiKey, bool> isRight)
    {
        var keys = await ReadAsync(options.Value.ConfigurationInterval);
        return keys.TryGetValue(id, out var key) && isRight(key) ? key : (await ReadAsync(UnknownAge)).GetValueOrDefault(id);
    }

    /// <summary>Makes the next request read the keys again.</summary>
    public void Forget() => Volatile.Write(ref known, null);

    private Task<Dictionary<string, ApiKey>> ReadAsync(TimeSpan age)
    {
        var before = Volatile.Read(ref known);
        if (before is not null && time.GetElapsedTime(before.ReadAt) < (before.Keys is { IsValueCreated: true, Value.IsFaulted: true } ? FaultAge : age))
        {
            return before.Keys.Value;
        }

        // One lookup for all concurrent requests.
        var fresh = new Snapshot(time.GetTimestamp(), new Lazy<Task<Dictionary<string, ApiKey>>>(() => ReadAllAsync(CancellationToken.None)));
        var won = Interlocked.CompareExchange(ref known, fresh, before);
        return (ReferenceEquals(won, before) || won is null ? fresh : won).Keys.Value;
    }

    private async Task<Dictionary<string, ApiKey>> ReadAllAsync(CancellationToken cancellationToken) =>
        (await table.ListSinceAsync(time.GetUtcNow() - EndedFor, cancellationToken)).ToDictionary(key => key.Id, StringComparer.Ordinal);

    private sealed record Snapshot(long ReadAt, Lazy<Task<Dictionary<string, ApiKey>>> Keys);
}
