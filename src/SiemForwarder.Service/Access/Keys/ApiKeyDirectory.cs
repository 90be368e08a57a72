using Microsoft.Extensions.Options;

namespace SiemForwarder.Service.Access.Keys;

/// <summary>Looks up keys without querying the database for each request.</summary>
/// <remarks>All keys are read at once, so that unknown ids cost no lookup. A change made in this process takes effect at once, one made in another
/// after the configuration interval.</remarks>
internal sealed class ApiKeyDirectory(ApiKeyTable table, IOptions<ForwarderOptions> options, TimeProvider time)
{
    // For a key that another engine has just created.
    private static readonly TimeSpan UnknownAge = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan EndedFor = TimeSpan.FromDays(30);

    private readonly RecentReading<Dictionary<string, ApiKey>> keys = new(
        async token => (await table.ListSinceAsync(time.GetUtcNow() - EndedFor, token)).ToDictionary(key => key.Id, StringComparer.Ordinal), time);

    /// <summary>The key with an id, including recently expired or revoked ones; null if there is none.</summary>
    /// <param name="id">Id of the key.</param>
    /// <param name="isRight">Whether the key matches what was sent; if not, another engine may have rotated it.</param>
    /// <exception cref="Npgsql.NpgsqlException">The database cannot be reached.</exception>
    public async Task<ApiKey?> FindAsync(string id, Func<ApiKey, bool> isRight)
    {
        var known = await keys.ReadAsync(options.Value.ConfigurationInterval);
        return known.TryGetValue(id, out var key) && isRight(key) ? key : (await keys.ReadAsync(UnknownAge)).GetValueOrDefault(id);
    }

    /// <summary>Makes the next request read the keys again.</summary>
    public void Forget() => keys.Forget();
}
