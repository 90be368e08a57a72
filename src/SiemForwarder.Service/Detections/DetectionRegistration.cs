using SiemForwarder.Service.Engines;
using SiemForwarder.Service.Settings;

namespace SiemForwarder.Service.Detections;

/// <summary>Registers the detection rules.</summary>
internal static class DetectionRegistration
{
    public static IServiceCollection AddDetections(this IServiceCollection services)
    {
        services.AddSettings<DetectionOptions>(DetectionOptions.Section);
        return services
            .AddSingleton(DetectionTables.Hold)
            .AddSingleton(new LeasedWork(LeaseKind.Detections, "dispatch", DetectionTables.Work))
            .AddSingleton<RuleTable>()
            .AddSingleton<RuleShelf>()
            .AddSingleton<RuleListHistory>()
            .AddSingleton<RuleImport>()
            .AddSingleton<RuleViews>()
            .AddSingleton<LearningStarts>()
            .AddSingleton<PushSilences>()
            .AddSingleton<SeenSources>()
            .AddSingleton<SentFields>()
            .AddSingleton<CoverageReading>()
            .AddSingleton<BacktestBlindness>()
            .AddSingleton<Backtests>()
            .AddSingleton<BacktestTable>()
            .AddHostedService<BacktestService>()
            .AddHostedService<DetectionService>()
            .AddSingleton<BlindWatchService>()
            .AddHostedService(provider => provider.GetRequiredService<BlindWatchService>());
    }
}
