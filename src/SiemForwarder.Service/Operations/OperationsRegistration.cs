using SiemForwarder.Service.Settings;

namespace SiemForwarder.Service.Operations;

/// <summary>Registers self-monitoring.</summary>
internal static class OperationsRegistration
{
    public static IServiceCollection AddOperations(this IServiceCollection services)
    {
        services.AddSettings<OperationsOptions>(OperationsOptions.Section);
        return services
            .AddSingleton<AlarmQueries>()
            .AddSingleton<AlarmTable>()
            .AddSingleton<Announcements>()
            .AddSingleton<FlowHistory>()
            .AddSingleton<IntegrationHistory>()
            .AddSingleton<FlowReader>()
            .AddHostedService<StateGaugeService>()
            .AddHostedService<FlowHistoryService>()
            .AddHostedService<MemoryReleaseService>()
            .AddSingleton<OperationsService>()
            .AddHostedService(provider => provider.GetRequiredService<OperationsService>());
    }
}
