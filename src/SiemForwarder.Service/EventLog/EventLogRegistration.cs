using SiemForwarder.Service.Location;

namespace SiemForwarder.Service.EventLog;

/// <summary>Registers the event log.</summary>
internal static class EventLogRegistration
{
    public static IServiceCollection AddEventLog(this IServiceCollection services)
    {
        services.AddOptions<LocationOptions>().BindConfiguration(LocationOptions.Section);
        services.AddOptions<EventLogOptions>().BindConfiguration(EventLogOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        return services
            .AddSingleton<DayPartitions>()
            .AddSingleton<IpLocations>()
            .AddSingleton(_ => new SegmentCache())
            .AddSingleton<EventLogSignal>()
            .AddSingleton<EventLogWriter>()
            .AddSingleton<EventLogReader>()
            .AddSingleton<StoredBodies>()
            .AddSingleton<SourceDirectory>()
            .AddHostedService<EventLogListenService>()
            .AddHostedService<EventIndexService>()
            .AddHostedService<RetentionService>();
    }
}
