using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Npgsql;
using Secret = SiemForwarder.Connections.Secret;
using SiemForwarder.Service.Settings;
using SiemForwarder.Service.Storage.Migrations;
using SiemForwarder.Service.Storage.Private;
using SiemForwarder.Service.Storage.Protection;

namespace SiemForwarder.Service.Storage;

/// <summary>Registers the database and the protection of the secrets in it.</summary>
internal static class StorageRegistration
{
    public static IServiceCollection AddStorage(this IServiceCollection services, string connectionString)
    {
        services.AddSettings<DatabaseOptions>(DatabaseOptions.Section);
        services.AddSingleton(provider => new DatabaseConnections(
            connectionString, provider.GetRequiredService<IOptions<DatabaseOptions>>().Value, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => provider.GetRequiredService<DatabaseConnections>().Shared);
        services.AddDbContextFactory<ForwarderDbContext>((provider, options) =>
            ServiceDatabase.Configure(options, provider.GetRequiredService<NpgsqlDataSource>()));
        services.AddDataProtection().SetApplicationName("SiemForwarder");
        services.AddSettings<SecretsOptions>(SecretsOptions.Section);
        services.AddSingleton(new CloudKeys()).AddSingleton<MasterKeys>().AddSingleton<KeyRewrapping>();
        services.AddSingleton<IConfigureOptions<KeyManagementOptions>>(provider =>
            new ConfigureOptions<KeyManagementOptions>(options =>
            {
                options.XmlRepository = new ProtectionKeyStore(provider.GetRequiredService<NpgsqlDataSource>());
                options.XmlEncryptor = provider.GetRequiredService<MasterKeys>() is { IsSet: true } keys ? new MasterKeyEncryptor(keys) : null;
            }));
        return services.AddSingleton<SecretProtector>().AddSingleton<SecretReferences>().AddSingleton<ConfigurationSignal>();
    }

    /// <summary>Updates the tables; engines that start at the same time wait for each other.</summary>
    /// <exception cref="DatabaseStartException">The message is one sentence for the operator.</exception>
    public static async Task MigrateAsync(this IServiceProvider services, CancellationToken cancellationToken)
    {
        try
        {
            // The framework's own lock is a table, which an empty database does not have yet.
            await using (await EngineTurn.TakeAsync(services.GetRequiredService<DatabaseConnections>().Vital, "siemforwarder migration", cancellationToken))
            {
                await using var database = await services.GetRequiredService<IDbContextFactory<ForwarderDbContext>>().CreateDbContextAsync(cancellationToken);
                await SchemaUpdate.RunAsync(database, services.GetRequiredService<TimeProvider>(), cancellationToken);
            }

            await services.GetRequiredService<KeyRewrapping>().RunAsync(cancellationToken);
            await MakeProtectionKeyAsync(services, cancellationToken);
        }
        catch (Exception exception) when (DatabaseFault.IsDatabase(exception))
        {
            var advice = SchemaUpdate.IsHeld(exception)
                ? "another session has locked them, possibly a backup; let it finish, then start again."
                : "fix this, then start again.";
            throw new DatabaseStartException($"The tables cannot be updated ({DatabaseFault.Describe(exception).TrimEnd('.')}): {advice}");
        }
    }

    /// <summary>Engines that start together on an empty database must not create a key each: neither would notice the other's for a day.</summary>
    private static async Task MakeProtectionKeyAsync(IServiceProvider services, CancellationToken cancellationToken)
    {
        await using var turn = await EngineTurn.TakeAsync(services.GetRequiredService<NpgsqlDataSource>(), KeyRewrapping.Turn, cancellationToken);
        services.GetRequiredService<SecretProtector>().Protect(new Dictionary<string, Secret> { ["first"] = new("use") });
    }
}
