using SiemForwarder.Service.Settings;

namespace SiemForwarder.Service.Operations;

/// <summary>Registers the watch of the forwarder over itself.</summary>
internal static class OperationsRegistration
{
    public static IServiceCollection AddOperations(this IServiceCollection services)
    {
        services.AddSettings<OperationsOptions>(OperationsOptions.Section);
        return services
            .AddSingleton<AlarmQueries>()
            .AddSingleton<AlarmTable>()
            .AddSingleton<Announcements>()
            .AddSingleton<OperationsService>()
            .AddHostedService(provider => provider.GetRequiredService<OperationsService>());
    }
}
