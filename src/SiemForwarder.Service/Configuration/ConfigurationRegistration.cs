namespace SiemForwarder.Service.Configuration;

/// <summary>Registers the configuration as a whole and the service that watches its file.</summary>
internal static class ConfigurationRegistration
{
    public static IServiceCollection AddDeclaredConfiguration(this IServiceCollection services) => services
        .AddSingleton<ConfigurationPlanner>()
        .AddSingleton<RulePlanner>()
        .AddSingleton<RolePlanner>()
        .AddSingleton<RuleProvenance>()
        .AddSingleton<ConfigurationExport>()
        .AddHostedService<ConfigurationFileService>();
}
