using Npgsql;

namespace SiemForwarder.EndToEnd.Support;

/// <summary>Puts many integrations into the database at once.</summary>
internal static class SeededIntegrations
{
    /// <summary>Disabled copies of an integration, named <c>branch 0001</c> and so on.</summary>
    public static async Task CopyAsync(ForwarderApplication forwarder, string name, int count)
    {
        await using var database = NpgsqlDataSource.Create(forwarder.ConnectionString);
        await using var copy = database.CreateCommand("""
            INSERT INTO integration (name, description, enabled, engine_pool, destination, server_url, definition, created_at, updated_at)
            SELECT 'branch ' || lpad(n::text, 4, '0'), '', false, engine_pool, destination, server_url, definition, now(), now()
            FROM integration, generate_series(1, $2) n WHERE name = $1
            """);
        copy.Parameters.AddWithValue(name);
        copy.Parameters.AddWithValue(count);
        Assert.Equal(count, await copy.ExecuteNonQueryAsync(TestContext.Current.CancellationToken));
    }
}
