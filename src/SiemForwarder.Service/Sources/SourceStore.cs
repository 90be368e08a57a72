using Microsoft.EntityFrameworkCore;
using Npgsql;
using SiemForwarder.Connections;
using SiemForwarder.Connections.Network;
using SiemForwarder.Events;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Storage.Protection;

namespace SiemForwarder.Service.Sources;

/// <summary>Stores the sources.</summary>
internal sealed class SourceStore(
    IDbContextFactory<ForwarderDbContext> contexts, NpgsqlDataSource database, SecretProtector protector, SourceDirectory directory,
    ConfigurationSignal configuration, SecretReferences references, EgressPolicy egress, TimeProvider time)
{
    // The forwarder's own log, which is not configurable.
    private const string ForwarderKind = "forwarder";

    public async Task<(IReadOnlyList<Source> Items, int Total)> ListAsync(
        string? search, bool? enabled, int page, int pageSize, CancellationToken cancellationToken, IReadOnlyList<int>? among = null)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var query = context.Sources.AsNoTracking().Where(source => source.Kind != ForwarderKind);
        if (among is not null)
        {
            query = query.Where(source => among.Contains(source.Id));
        }

        if (enabled is { } wanted)
        {
            query = query.Where(source => source.Enabled == wanted);
        }

        if (!string.IsNullOrWhiteSpace(search))
        {
            var pattern = $"%{LikePattern.Escape(search.Trim())}%";
            query = query.Where(source => EF.Functions.ILike(source.Name, pattern, LikePattern.EscapeCharacter));
        }

        var total = await query.CountAsync(cancellationToken);
        var items = await query.OrderBy(source => source.Name).Skip((page - 1) * pageSize).Take(pageSize).ToListAsync(cancellationToken);
        return (items, total);
    }

    public async Task<Source?> FindAsync(int id, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.Sources.AsNoTracking().SingleOrDefaultAsync(source => source.Id == id && source.Kind != ForwarderKind, cancellationToken);
    }

    /// <summary>All enabled sources, for the engines that poll.</summary>
    public async Task<IReadOnlyList<Source>> ListEnabledAsync(CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.Sources.AsNoTracking().Where(source => source.Enabled).ToListAsync(cancellationToken);
    }

    /// <summary>The secrets by name, with the current values of external ones; null if the keys of this database cannot decrypt them.</summary>
    public IReadOnlyDictionary<string, Secret>? SecretsOf(Source source) => references.Complete(protector.Unprotect(source.Secrets), source.Definition);

    /// <summary>Reads externally stored secrets.</summary>
    public SecretReferences References => references;

    /// <summary>Where connections from this engine are allowed.</summary>
    public EgressPolicy Egress => egress;

    /// <summary>The poll checkpoints of a lane of a source by stream.</summary>
    public async Task<IReadOnlyDictionary<EventStream, string?>> ReadCheckpointsAsync(int id, PollLane lane, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"SELECT stream, state::text FROM {LogTables.PollCheckpoints} c WHERE source_id = $1");
        command.Parameters.AddWithValue(id);
        var checkpoints = new Dictionary<EventStream, string?>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var (stream, of) = ((EventStream)(reader.GetInt16(0) % (short)PollLane.History),
                reader.GetInt16(0) >= (short)PollLane.History ? PollLane.History : PollLane.Live);
            if (of == lane)
            {
                checkpoints[stream] = reader.GetString(1);
            }
        }

        return checkpoints;
    }

    /// <summary>The number of events ever stored for a source.</summary>
    public async Task<long> CountEventsAsync(int id, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"SELECT next_position - 1 FROM {LogTables.Heads} h WHERE source_id = $1");
        command.Parameters.AddWithValue(id);
        return (long)(await command.ExecuteScalarAsync(cancellationToken) ?? 0L);
    }

    /// <summary>When an event of a source was last stored; null if none is.</summary>
    public async Task<DateTimeOffset?> ReadLastStoredAsync(int id, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"SELECT last_received_at FROM {LogTables.Heads} h WHERE source_id = $1");
        command.Parameters.AddWithValue(id);
        return await command.ExecuteScalarAsync(cancellationToken) is DateTime at ? new DateTimeOffset(at) : null;
    }

    /// <summary>Stores a new source with an empty log. Null if the name is taken.</summary>
    public async Task<Source?> CreateAsync(ValidSource valid, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        var source = new Source { Name = valid.Name, Kind = valid.Kind, Definition = valid.Definition.ToJson(), CreatedAt = StoredTime.Now(time) };
        context.Sources.Add(source);
        Apply(valid, source);
        if (await context.SaveAsync(cancellationToken) != ChangeResult.Done)
        {
            return null;
        }

        await using (var log = new NpgsqlCommand(LogTables.CreateLog, (NpgsqlConnection)context.Database.GetDbConnection()))
        {
            log.Parameters.AddWithValue(source.Id);
            await log.ExecuteNonQueryAsync(cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        Changed(source.Id);
        return source;
    }

    /// <summary>Changes a source if it still has the version that the caller read.</summary>
    public async Task<(ChangeResult Result, Source? Source)> UpdateAsync(int id, int version, ValidSource valid, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var source = await context.Sources.SingleOrDefaultAsync(one => one.Id == id && one.Kind != ForwarderKind, cancellationToken);
        if (source is null || source.Version != version)
        {
            return (source is null ? ChangeResult.NotFound : ChangeResult.Stale, null);
        }

        Apply(valid, source);
        var result = await context.SaveAsync(cancellationToken);
        Changed(id);
        return (result, source);
    }

    /// <summary>A source as a change would leave it, its version aside; nothing is stored.</summary>
    /// <param name="stored">The source as it is; null for a new one.</param>
    /// <param name="valid">What it is to be.</param>
    public Source Preview(Source? stored, ValidSource valid)
    {
        var wanted = new Source
        {
            Id = stored?.Id ?? 0, Name = valid.Name, Kind = valid.Kind, Definition = valid.Definition.ToJson(), Version = stored?.Version ?? 0,
            CreatedAt = stored?.CreatedAt ?? default,
        };
        Apply(valid, wanted);
        return wanted;
    }

    private void Changed(int id)
    {
        directory.Forget(id);
        configuration.Raise();
    }

    private void Apply(ValidSource valid, Source source)
    {
        source.Name = valid.Name;
        source.Enabled = valid.Enabled;
        source.Definition = valid.Definition.ToJson();
        source.Secrets = protector.Protect(valid.Secrets);
        source.ManagedBy = valid.ManagedBy;
        source.UpdatedAt = StoredTime.Now(time);
        source.Version++;
    }
}
