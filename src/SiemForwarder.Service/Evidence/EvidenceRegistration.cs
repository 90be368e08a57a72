namespace SiemForwarder.Service.Evidence;

/// <summary>Registers search and evidence.</summary>
internal static class EvidenceRegistration
{
    public static IServiceCollection AddEvidence(this IServiceCollection services) =>
        services.AddSingleton<EventSearch>().AddSingleton<EventSummary>().AddSingleton<EventJourneys>().AddSingleton<DeliveryReader>();
}
