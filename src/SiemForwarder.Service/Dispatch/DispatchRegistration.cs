using SiemForwarder.Service.Dispatch.Delivery;
using SiemForwarder.Service.Dispatch.Lanes;
using SiemForwarder.Service.Dispatch.Redrive;
using SiemForwarder.Service.Dispatch.Replays;
using SiemForwarder.Service.Dispatch.Retries;
using SiemForwarder.Service.Dispatch.Testing;
using SiemForwarder.Service.Integrations;
using SiemForwarder.Service.Settings;

namespace SiemForwarder.Service.Dispatch;

/// <summary>Registers the delivery of events.</summary>
internal static class DispatchRegistration
{
    public static IServiceCollection AddDispatch(this IServiceCollection services)
    {
        services.AddSettings<DispatchOptions>(DispatchOptions.Section);
        return services.AddSingleton<RetryRequests>().AddSingleton<RedriveTable>().AddSingleton<ReplayTable>()
            .AddSingleton<IBackfillOrders>(provider => provider.GetRequiredService<ReplayTable>()).AddSingleton(ReplayTable.Hold)
            .AddSingleton<DeliveryMemory>().AddSingleton<IntegrationLanes>().AddSingleton<ReplayPlanner>()
            .AddSingleton<IntegrationTest>().AddSingleton<TestRequests>().AddSingleton<Rehearsal>().AddSingleton<RehearsalRequests>()
            .AddHostedService<TestRequestService>()
            .AddHostedService<DispatchService>();
    }
}
