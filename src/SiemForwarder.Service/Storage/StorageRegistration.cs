using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Npgsql;

namespace SiemForwarder.Service.Storage;

/// <summary>Registers the database and what protects the secrets in it.</summary>
internal static class StorageRegistration
{
    public static IServiceCollection AddStorage(this IServiceCollection services, string connectionString)
    {
        services.AddSingleton(_ => ServiceDatabase.CreateDataSource(connectionString));
        services.AddDbContextFactory<ForwarderDbContext>((provider, options) =>
            ServiceDatabase.Configure(options, provider.GetRequiredService<NpgsqlDataSource>()));
        services.AddDataProtection().SetApplicationName("SiemForwarder");
        services.AddSingleton<IConfigureOptions<KeyManagementOptions>>(provider =>
            new ConfigureOptions<KeyManagementOptions>(options =>
                options.XmlRepository = new ProtectionKeyStore(provider.GetRequiredService<NpgsqlDataSource>())));
        return services.AddSingleton<SecretProtector>().AddSingleton<ConfigurationSignal>();
    }

    /// <summary>Brings the tables up to date; engines that start together wait for each other.</summary>
    public static async Task MigrateAsync(this IServiceProvider services, CancellationToken cancellationToken)
    {
        await using var database = await services.GetRequiredService<IDbContextFactory<ForwarderDbContext>>().CreateDbContextAsync(cancellationToken);
        await database.Database.MigrateAsync(cancellationToken);
    }
}
