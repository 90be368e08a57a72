namespace SiemForwarder.Service.Dispatch;

/// <summary>Registers the delivery of events.</summary>
internal static class DispatchRegistration
{
    public static IServiceCollection AddDispatch(this IServiceCollection services)
    {
        services.AddOptions<DispatchOptions>().BindConfiguration(DispatchOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        return services.AddSingleton<RedriveTable>().AddHostedService<DispatchService>();
    }
}
