namespace SiemForwarder.Service.Status;

/// <summary>Registers what shows the state of the service.</summary>
internal static class StatusRegistration
{
    public static IServiceCollection AddStatus(this IServiceCollection services) => services.AddSingleton<StatusReader>();
}
