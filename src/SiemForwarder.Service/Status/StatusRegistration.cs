using SiemForwarder.Service.Settings;

namespace SiemForwarder.Service.Status;

/// <summary>Registers the status and health endpoints.</summary>
internal static class StatusRegistration
{
    public static IServiceCollection AddStatus(this IServiceCollection services) => services.AddSingleton<StatusReader>().AddSingleton<SettingsInForce>();
}
