using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.Options;
using Npgsql;
using SiemForwarder.Events;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.EventLog;

/// <summary>The sources as readers of logs see them.</summary>
internal interface ISourceDirectory
{
    /// <summary>The source, from memory if it was requested recently.</summary>
    /// <exception cref="NpgsqlException">The database cannot be reached.</exception>
    ValueTask<EventSource> GetAsync(int sourceId, CancellationToken cancellationToken);

    /// <summary>The ids of all sources, in order of creation; at most a few seconds old.</summary>
    /// <exception cref="NpgsqlException">The database cannot be reached.</exception>
    Task<IReadOnlyList<int>> ListAsync(CancellationToken cancellationToken);
}

/// <summary>Provides the source of a log for normalizing: realm and host are not in the events themselves.</summary>
/// <remarks>A change made in this process takes effect at once, one made in another after the configuration interval.</remarks>
internal sealed class SourceDirectory(NpgsqlDataSource database, IOptions<ForwarderOptions> options, TimeProvider time) : ISourceDirectory
{
    private readonly ConcurrentDictionary<int, (EventSource Source, long ReadAt)> known = new();
    private IReadOnlyList<int>? ids;
    private long listedAt;

    public async ValueTask<EventSource> GetAsync(int sourceId, CancellationToken cancellationToken)
    {
        if (known.TryGetValue(sourceId, out var entry) && time.GetElapsedTime(entry.ReadAt) < options.Value.ConfigurationInterval)
        {
            return entry.Source;
        }

        var readAt = time.GetTimestamp();

        await using var command = database.CreateCommand($"SELECT name, definition FROM {ConfigurationTables.Sources} s WHERE id = $1");
        command.Parameters.AddWithValue(sourceId);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
        {
            known.TryRemove(sourceId, out _);
            return new EventSource(sourceId, "deleted", string.Empty, string.Empty);
        }

        using var definition = JsonDocument.Parse(reader.GetString(1));
        var (realm, host) = (string.Empty, string.Empty);
        if (definition.RootElement.TryGetProperty("keycloak", out var keycloak) && keycloak.ValueKind == JsonValueKind.Object)
        {
            realm = Text(keycloak, "realm");
            host = Uri.TryCreate(Text(keycloak, "baseUrl"), UriKind.Absolute, out var url) ? url.Host : string.Empty;
        }

        var source = new EventSource(sourceId, reader.GetString(0), realm, host);
        known[sourceId] = (source, readAt);
        return source;
    }

    public async Task<IReadOnlyList<int>> ListAsync(CancellationToken cancellationToken)
    {
        if (ids is { } list && time.GetElapsedTime(listedAt) < options.Value.ConfigurationInterval)
        {
            return list;
        }

        await using var command = database.CreateCommand($"SELECT id FROM {ConfigurationTables.Sources} s ORDER BY id");
        var read = new List<int>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            read.Add(reader.GetInt32(0));
        }

        (ids, listedAt) = (read, time.GetTimestamp());
        return read;
    }

    private static string Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : string.Empty;

    /// <summary>Discards a source after a change, so that it is read again.</summary>
    public void Forget(int sourceId)
    {
        known.TryRemove(sourceId, out _);
        ids = null;
    }
}
