using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Npgsql;
using SiemForwarder.Connections;
using SiemForwarder.Connections.Network;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Storage.Protection;

namespace SiemForwarder.Service.Integrations;

/// <summary>Stores the integrations.</summary>
internal sealed class IntegrationStore(
    IDbContextFactory<ForwarderDbContext> contexts, SecretProtector protector, ConfigurationSignal configuration, IBackfillOrders backfills,
    IOptions<ForwarderOptions> options, SecretReferences references, EgressPolicy egress, TimeProvider time)
{
    public async Task<(IReadOnlyList<Integration> Items, int Total)> ListAsync(
        string? search, bool? enabled, int page, int pageSize, CancellationToken cancellationToken, IReadOnlyList<int>? among = null)
    {
        await using var database = await contexts.CreateDbContextAsync(cancellationToken);
        var query = database.Integrations.AsNoTracking();
        if (among is not null)
        {
            query = query.Where(integration => among.Contains(integration.Id));
        }

        if (enabled is { } wanted)
        {
            query = query.Where(integration => integration.Enabled == wanted);
        }

        if (!string.IsNullOrWhiteSpace(search))
        {
            var pattern = $"%{LikePattern.Escape(search.Trim())}%";
            query = query.Where(integration => EF.Functions.ILike(integration.Name, pattern, LikePattern.EscapeCharacter)
                || EF.Functions.ILike(integration.ServerUrl, pattern, LikePattern.EscapeCharacter));
        }

        var total = await query.CountAsync(cancellationToken);
        var items = await query.OrderBy(integration => integration.Name).Skip((page - 1) * pageSize).Take(pageSize).ToListAsync(cancellationToken);
        return (items, total);
    }

    /// <summary>All integrations, by name.</summary>
    public async Task<IReadOnlyList<Integration>> ListAllAsync(CancellationToken cancellationToken)
    {
        await using var database = await contexts.CreateDbContextAsync(cancellationToken);
        return await database.Integrations.AsNoTracking().OrderBy(integration => integration.Name).ToListAsync(cancellationToken);
    }

    public async Task<Integration?> FindAsync(int id, CancellationToken cancellationToken)
    {
        await using var database = await contexts.CreateDbContextAsync(cancellationToken);
        return await database.Integrations.AsNoTracking().SingleOrDefaultAsync(integration => integration.Id == id, cancellationToken);
    }

    /// <summary>All integrations that engines should run: enabled and not paused.</summary>
    public async Task<IReadOnlyList<Integration>> ListEnabledAsync(CancellationToken cancellationToken)
    {
        await using var database = await contexts.CreateDbContextAsync(cancellationToken);
        return await database.Integrations.AsNoTracking().Where(integration => integration.Enabled && integration.PausedAt == null)
            .ToListAsync(cancellationToken);
    }

    /// <summary>The secrets by name, with the current values of external ones; null if the keys of this database cannot decrypt them.</summary>
    public IReadOnlyDictionary<string, Secret>? SecretsOf(Integration integration) =>
        references.Complete(protector.Unprotect(integration.Secrets), integration.Definition);

    /// <summary>Reads externally stored secrets.</summary>
    public SecretReferences References => references;

    /// <summary>The integration with everything that a dispatcher needs; null with an explanation if it cannot run.</summary>
    public RunnableIntegration? FindRunnable(Integration integration, out string? fault)
    {
        var secrets = SecretsOf(integration);
        if (secrets?.Values.FirstOrDefault(secret => secret.Unread is not null) is { } missing)
        {
            fault = $"Integration '{integration.Name}' lacks a secret: {missing.Unread}";
            return null;
        }

        return RunnableIntegration.Create(integration, secrets, LocalFolder, out fault) is { } runnable
            ? runnable with { Destination = runnable.Destination with { Egress = egress }, TokenEnds = TokenEnd.Of(secrets!) }
            : null;
    }

    /// <summary>Where connections from this engine are allowed.</summary>
    public EgressPolicy Egress => egress;

    /// <summary>Folder below which destinations may write files; null if none is configured.</summary>
    public string? LocalFolder => options.Value.FileDestination.Folder;

    /// <summary>Which of these sources and this pool do not exist.</summary>
    public async Task<(IReadOnlyList<int> UnknownSources, bool PoolKnown)> CheckReferencesAsync(
        IReadOnlyList<int> sources, string pool, CancellationToken cancellationToken)
    {
        await using var database = await contexts.CreateDbContextAsync(cancellationToken);
        var known = await database.Sources.Where(source => sources.Contains(source.Id)).Select(source => source.Id).ToListAsync(cancellationToken);
        return ([.. sources.Except(known)], await database.EnginePools.AnyAsync(one => one.Name == pool, cancellationToken));
    }

    /// <summary>Stores a new integration that starts at the end of every log it reads. Null if the name is taken.</summary>
    public async Task<Integration?> CreateAsync(ValidIntegration valid, CancellationToken cancellationToken)
    {
        await using var database = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        var integration = New(valid);
        database.Integrations.Add(integration);
        Apply(valid, integration);
        if (await database.SaveAsync(cancellationToken) != ChangeResult.Done)
        {
            return null;
        }

        var connection = (NpgsqlConnection)database.Database.GetDbConnection();
        await ReaderStarts.BeginAtEndsAsync(connection, integration.Id, cancellationToken);
        await IntegrationStatusTable.CreateAsync(connection, integration.Id, integration.CreatedAt, cancellationToken);
        if (valid.Backfill is { } backfill)
        {
            await backfills.OrderAsync(connection, integration.Id, backfill.From, integration.CreatedAt, cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        configuration.Raise();
        return integration;
    }

    /// <summary>Changes an integration if it still has the version that the caller read (any version if none is given).</summary>
    public async Task<(ChangeResult Result, Integration? Integration)> UpdateAsync(
        int id, int? version, ValidIntegration valid, CancellationToken cancellationToken)
    {
        await using var database = await contexts.CreateDbContextAsync(cancellationToken);
        var integration = await database.Integrations.SingleOrDefaultAsync(one => one.Id == id, cancellationToken);
        if (integration is null || (version is { } read && read != integration.Version))
        {
            return (integration is null ? ChangeResult.NotFound : ChangeResult.Stale, null);
        }

        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        var before = IntegrationSettings.ReadKnown(integration.Definition).Sources;
        var wasEnabled = integration.Enabled;
        Apply(valid, integration);
        if (await database.SaveAsync(cancellationToken) is var result and not ChangeResult.Done)
        {
            return (result, null);
        }

        var connection = (NpgsqlConnection)database.Database.GetDbConnection();
        if (integration.Enabled != wasEnabled)
        {
            await IntegrationStatusTable.RestartAsync(connection, id, integration.UpdatedAt, cancellationToken);
        }

        await AddedSources.StartAsync(
            connection, id, before, valid.Settings.Sources, valid.NewSourcesFromStart, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        configuration.Raise();
        return (ChangeResult.Done, integration);
    }

    /// <summary>Starts or stops forwarding.</summary>
    public async Task<(ChangeResult Result, Integration? Integration)> SetEnabledAsync(int id, bool enabled, CancellationToken cancellationToken)
    {
        await using var database = await contexts.CreateDbContextAsync(cancellationToken);
        var integration = await database.Integrations.SingleOrDefaultAsync(one => one.Id == id, cancellationToken);
        if (integration is null)
        {
            return (ChangeResult.NotFound, null);
        }

        if (integration.Enabled == enabled)
        {
            return (ChangeResult.Done, integration);
        }

        integration.Enabled = enabled;
        Touch(integration);
        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        if (await database.SaveAsync(cancellationToken) is var result and not ChangeResult.Done)
        {
            return (result, null);
        }

        await IntegrationStatusTable.RestartAsync(
            (NpgsqlConnection)database.Database.GetDbConnection(), id, integration.UpdatedAt, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        configuration.Raise();
        return (ChangeResult.Done, integration);
    }

    /// <summary>Pauses sending (<paramref name="by"/> names who) or resumes it (null); an existing pause keeps its start.</summary>
    public async Task<(ChangeResult Result, Integration? Integration)> SetPausedAsync(
        int id, string? by, string? reason, CancellationToken cancellationToken)
    {
        await using var database = await contexts.CreateDbContextAsync(cancellationToken);
        var integration = await database.Integrations.SingleOrDefaultAsync(one => one.Id == id, cancellationToken);
        if (integration is null)
        {
            return (ChangeResult.NotFound, null);
        }

        if (by is null == integration.PausedAt is null)
        {
            return (ChangeResult.Done, integration);
        }

        integration.PausedAt = by is null ? null : StoredTime.Now(time);
        integration.PausedBy = by;
        integration.PauseReason = reason;
        Touch(integration);
        return await FinishAsync(database, integration, cancellationToken);
    }

    public async Task<ChangeResult> DeleteAsync(int id, int version, CancellationToken cancellationToken)
    {
        await using var database = await contexts.CreateDbContextAsync(cancellationToken);
        var deleted = await database.Integrations.Where(one => one.Id == id && one.Version == version).ExecuteDeleteAsync(cancellationToken);
        if (deleted == 0)
        {
            return await database.Integrations.AnyAsync(one => one.Id == id, cancellationToken) ? ChangeResult.Stale : ChangeResult.NotFound;
        }

        configuration.Raise();
        return ChangeResult.Done;
    }

    private async Task<(ChangeResult Result, Integration? Integration)> FinishAsync(
        ForwarderDbContext database, Integration integration, CancellationToken cancellationToken)
    {
        var result = await database.SaveAsync(cancellationToken);
        if (result == ChangeResult.Done)
        {
            configuration.Raise();
        }

        return (result, result == ChangeResult.Done ? integration : null);
    }

    private Integration New(ValidIntegration valid) => new()
    {
        Name = valid.Name,
        Description = valid.Description,
        EnginePool = valid.EnginePool,
        Destination = valid.Kind.Id,
        ServerUrl = valid.ServerUrl.OriginalString,
        Definition = valid.Settings.ToJson(),
        CreatedAt = StoredTime.Now(time),
        Version = 0,
    };

    private void Apply(ValidIntegration valid, Integration integration)
    {
        integration.Name = valid.Name;
        integration.Description = valid.Description;
        integration.Enabled = valid.Enabled;
        integration.EnginePool = valid.EnginePool;
        integration.Destination = valid.Kind.Id;
        integration.Preset = valid.Preset;
        integration.ServerUrl = valid.ServerUrl.OriginalString;
        integration.Definition = valid.Settings.ToJson();
        integration.Secrets = protector.Protect(valid.Secrets);
        integration.ManagedBy = valid.ManagedBy;
        Touch(integration);
    }

    /// <summary>The integration as a change would leave it, except for its version; nothing is stored.</summary>
    /// <param name="stored">The stored integration; null for a new one.</param>
    /// <param name="valid">The settings to apply.</param>
    public Integration Preview(Integration? stored, ValidIntegration valid)
    {
        var wanted = stored?.Copy() ?? New(valid);
        Apply(valid, wanted);
        return wanted;
    }

    private void Touch(Integration integration)
    {
        integration.UpdatedAt = StoredTime.Now(time);
        integration.Version++;
    }
}
