using Microsoft.EntityFrameworkCore;
using Npgsql;
using SiemForwarder.Service.Storage.Mapping;

namespace SiemForwarder.Service.Storage;

/// <summary>The configuration tables; the event log and the delivery records use plain SQL.</summary>
internal sealed class ForwarderDbContext(DbContextOptions<ForwarderDbContext> options) : DbContext(options)
{
    public DbSet<Source> Sources => Set<Source>();

    public DbSet<Integration> Integrations => Set<Integration>();

    public DbSet<EnginePool> EnginePools => Set<EnginePool>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.ApplyConfiguration(new SourceMapping());
        modelBuilder.ApplyConfiguration(new IntegrationMapping());
        modelBuilder.ApplyConfiguration(new EnginePoolMapping());
    }

    /// <summary>Saves the changes; a lost race and a taken name are returned as values.</summary>
    public async Task<ChangeResult> SaveAsync(CancellationToken cancellationToken)
    {
        try
        {
            await SaveChangesAsync(cancellationToken);
            return ChangeResult.Done;
        }
        catch (DbUpdateConcurrencyException)
        {
            return ChangeResult.Stale;
        }
        catch (DbUpdateException exception) when (exception.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            return ChangeResult.NameTaken;
        }
    }
}
