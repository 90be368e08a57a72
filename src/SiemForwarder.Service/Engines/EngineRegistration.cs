using Microsoft.Extensions.Options;
using Npgsql;
using SiemForwarder.Service.Settings;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Engines;

/// <summary>Registers the engine of this process.</summary>
internal static class EngineRegistration
{
    public static IServiceCollection AddEngine(this IServiceCollection services)
    {
        services.AddSettings<EngineOptions>(EngineOptions.Section);
        return services
            .AddSingleton<EngineLeases>()
            .AddSingleton<ILeaseTable>(provider => new LeaseTable(
                provider.GetRequiredService<DatabaseConnections>().Vital, provider.GetRequiredService<IOptions<EngineOptions>>().Value,
                provider.GetServices<LeasedWork>()))
            .AddSingleton(provider => new WorkDeclines(
                provider.GetRequiredService<DatabaseConnections>().Vital, provider.GetRequiredService<IOptions<EngineOptions>>().Value))
            .AddSingleton(provider => new EngineReader(
                provider.GetRequiredService<NpgsqlDataSource>(), provider.GetRequiredService<IOptions<EngineOptions>>().Value))
            .AddSingleton<LoopGuard>()
            .AddSingleton<ExpiryWatch>()
            .AddHostedService(provider => provider.GetRequiredService<ExpiryWatch>())
            .AddHostedService<MasterKeyService>()
            .AddHostedService<LeaseService>();
    }
}
