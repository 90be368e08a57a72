using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using SiemForwarder.Events;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Inbox;
using SiemForwarder.Service.Keycloak.Client;
using SiemForwarder.Service.Keycloak.Polling;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Sources;

/// <summary>Finds the inbox of a source without querying the database for each request.</summary>
/// <remarks>A change made in this process takes effect at once, one made in another after the configuration interval.</remarks>
internal sealed class InboxDirectory(SourceStore store, ConfigurationSignal configuration, IOptions<ForwarderOptions> options, TimeProvider time)
{
    // An unavailable database is not queried for every request.
    private static readonly TimeSpan FaultAge = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<int, Entry> known = new();

    /// <summary>The source and its inbox; null if there is no source with that id.</summary>
    /// <exception cref="Npgsql.NpgsqlException">The database cannot be reached.</exception>
    public Task<(Source? Source, InboxSettings? Inbox)> FindAsync(int id)
    {
        if (known.TryGetValue(id, out var entry) && !IsOld(entry))
        {
            return entry.Found;
        }

        // One lookup for all concurrent requests; it ends only by the timeouts of the database, since it does not belong to a single request.
        var fresh = new Entry(configuration.Changed, time.GetTimestamp(), new(() => ReadAsync(id, CancellationToken.None)));
        var won = entry is null ? known.GetOrAdd(id, fresh) : known.TryUpdate(id, fresh, entry) ? fresh : known.GetValueOrDefault(id, fresh);
        return ForgetUnknownAsync(id, won);
    }

    private bool IsOld(Entry entry) =>
        entry.Changed.IsCompleted || time.GetElapsedTime(entry.ReadAt) >= (entry.Found.IsFaulted ? FaultAge : options.Value.ConfigurationInterval);

    // Unknown ids are not cached: there are too many of them.
    private async Task<(Source? Source, InboxSettings? Inbox)> ForgetUnknownAsync(int id, Entry entry)
    {
        var found = await entry.Found;
        if (found.Source is null)
        {
            known.TryRemove(KeyValuePair.Create(id, entry));
        }

        return found;
    }

    private async Task<(Source? Source, InboxSettings? Inbox)> ReadAsync(int id, CancellationToken cancellationToken) =>
        await store.FindAsync(id, cancellationToken) is { } source ? (source, await ReadAsync(source, cancellationToken)) : (null, null);

    private async Task<InboxSettings?> ReadAsync(Source source, CancellationToken cancellationToken)
    {
        if (SourceDefinition.Read(source.Definition, out _) is not { Inbox: not null } definition || store.SecretsOf(source) is not { } secrets)
        {
            return null;
        }

        return definition.ToInbox(source, secrets, definition.Keycloak is not null && await IsPulledByContentAsync(source.Id, cancellationToken));
    }

    private async Task<bool> IsPulledByContentAsync(int id, CancellationToken cancellationToken)
    {
        var checkpoints = await store.ReadCheckpointsAsync(id, PollLane.Live, cancellationToken);
        return checkpoints.Any(pair =>
            pair is { Key: EventStream.User or EventStream.Admin, Value: { } state } && PollCheckpoint.Parse(state).Tier == ApiTier.WithoutIds);
    }

    private sealed class Entry(Task changed, long readAt, Lazy<Task<(Source? Source, InboxSettings? Inbox)>> found)
    {
        public Task Changed => changed;

        public long ReadAt => readAt;

        public Task<(Source? Source, InboxSettings? Inbox)> Found => found.Value;
    }
}
