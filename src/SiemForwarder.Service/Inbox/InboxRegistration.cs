using SiemForwarder.Service.Settings;

namespace SiemForwarder.Service.Inbox;

/// <summary>Registers the inbox.</summary>
internal static class InboxRegistration
{
    public static IServiceCollection AddInbox(this IServiceCollection services)
    {
        services.AddSettings<InboxOptions>(InboxOptions.Section);
        return services.AddSingleton<InboxMemoryBudget>().AddSingleton<EventInbox>();
    }
}
