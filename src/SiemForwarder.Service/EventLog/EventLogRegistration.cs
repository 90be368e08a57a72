using SiemForwarder.Service.Location;
using SiemForwarder.Service.Settings;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.EventLog;

/// <summary>Registers the event log.</summary>
internal static class EventLogRegistration
{
    public static IServiceCollection AddEventLog(this IServiceCollection services)
    {
        services.AddSettings<LocationOptions>(LocationOptions.Section);
        services.AddSettings<EventLogOptions>(EventLogOptions.Section);
        return services
            .AddSingleton(provider => new DayPartitions(provider.GetRequiredService<DatabaseConnections>().Vital))
            .AddSingleton<IpLocations>()
            .AddSingleton<LogMemory>()
            .AddSingleton(provider => provider.GetRequiredService<LogMemory>().Cache)
            .AddSingleton<EventLogSignal>()
            .AddSingleton(provider =>
            {
                var history = ActivatorUtilities.CreateInstance<LogHistory>(provider);
                // No session outlives its server, so a replaced history first shows in a new session.
                provider.GetRequiredService<DatabaseConnections>().Connected = connection => history.VerifyAsync(connection, CancellationToken.None);
                return history;
            })
            .AddSingleton<AppendNotices>()
            .AddSingleton(provider => new StoredCodec(provider.GetRequiredService<DatabaseConnections>().Vital, provider.GetRequiredService<TimeProvider>()))
            .AddSingleton(provider =>
            {
                var writer = ActivatorUtilities.CreateInstance<EventLogWriter>(provider, provider.GetRequiredService<DatabaseConnections>().Vital);
                provider.GetRequiredService<LogMemory>().Keys.GiveBack = writer.ForgetKeys;
                return writer;
            })
            .AddSingleton<EventLogReader>()
            .AddSingleton<StoredBodies>()
            .AddSingleton<SourceDirectory>()
            .AddSingleton<SegmentNormalizer>()
            .AddHostedService<EventLogListenService>()
            .AddHostedService<AppendNotifyService>()
            .AddHostedService<LostTailService>()
            .AddHostedService<EventIndexService>()
            .AddSingleton<DeletedSourcePurgeService>()
            .AddHostedService(provider => provider.GetRequiredService<DeletedSourcePurgeService>())
            .AddHostedService<CompactionService>()
            .AddHostedService<RetentionService>();
    }
}
