namespace SiemForwarder.Service.Sources;

/// <summary>Registers the sources and their polling.</summary>
internal static class SourceRegistration
{
    public static IServiceCollection AddSources(this IServiceCollection services) => services
        .AddSingleton<SourceStore>()
        .AddSingleton<SourceDeletion>()
        .AddSingleton<RealmIdentities>()
        .AddSingleton<RealmTwins>()
        .AddSingleton<SourceStatusTable>()
        .AddSingleton<InboxDirectory>()
        .AddSingleton<PushTaking>()
        .AddSingleton<PollService>()
        .AddHostedService(provider => provider.GetRequiredService<PollService>())
        .AddHostedService<SourceStatusService>();
}
