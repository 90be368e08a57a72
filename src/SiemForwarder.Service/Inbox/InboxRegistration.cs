namespace SiemForwarder.Service.Inbox;

/// <summary>Registers the inbox.</summary>
internal static class InboxRegistration
{
    public static IServiceCollection AddInbox(this IServiceCollection services)
    {
        services.AddOptions<InboxOptions>().BindConfiguration(InboxOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        return services.AddSingleton<InboxMemoryBudget>().AddSingleton<EventInbox>();
    }
}
