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

/// <summary>Registers the database and what protects the secrets in it.</summary>
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

    /// <summary>Brings the tables up to date; engines that start together wait for each other.</summary>
    /// <exception cref="DatabaseStartException">With one sentence for the operator.</exception>
    public static async Task MigrateAsync(this IServiceProvider services, CancellationToken cancellationToken)
    {
        try
        {
            // The lock of the framework is a table, which an empty database does not have yet.
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
                ? "another session holds them, a backup perhaps; let it end, and start again."
                : "mend that, and start again.";
            throw new DatabaseStartException($"The tables cannot be brought up to date ({DatabaseFault.Describe(exception).TrimEnd('.')}): {advice}");
        }
    }

    /// <summary>Engines that start together on an empty database must not make a key each: neither would know the other's before a day is over.</summary>
    private static async Task MakeProtectionKeyAsync(IServiceProvider services, CancellationToken cancellationToken)
    {
        await using var turn = await EngineTurn.TakeAsync(services.GetRequiredService<NpgsqlDataSource>(), KeyRewrapping.Turn, cancellationToken);
        services.GetRequiredService<SecretProtector>().Protect(new Dictionary<string, Secret> { ["first"] = new("use") });
    }
}
