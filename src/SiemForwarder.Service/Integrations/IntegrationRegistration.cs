namespace SiemForwarder.Service.Integrations;

/// <summary>Registers the integrations.</summary>
internal static class IntegrationRegistration
{
    public static IServiceCollection AddIntegrations(this IServiceCollection services) =>
        services.AddSingleton<IntegrationStore>().AddSingleton<IntegrationStatusTable>().AddSingleton<FilterWarnings>().AddSingleton<ChangeApprovals>();
}
